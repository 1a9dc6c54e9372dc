#include "ccl/algorithm.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace ttmesh::ccl {
namespace {

/// What keeps a wiring from an algorithm; empty if nothing does.
std::string obstacle(const LineAlgorithm& algorithm, const Wiring& wiring) {
  if (wiring.in_pieces) return wiring.note;
  if (algorithm.topology == Topology::Ring && wiring.topology != Topology::Ring) {
    return wiring.note.empty() ? "it needs topology Ring on at least 3 chips" : wiring.note;
  }
  if (wiring.size > algorithm.most_chips) {
    return fmt::format("it is for at most {} chips", algorithm.most_chips);
  }
  return {};
}

/// The algorithms along lines that can run.
std::vector<std::string> usable(const Candidates& candidates) {
  std::vector<std::string> names;
  for (const LineAlgorithm& each : candidates.algorithms) {
    if (obstacle(each, candidates.wiring).empty()) names.emplace_back(each.name);
  }
  return names;
}

Choice fastest(const Candidates& candidates) {
  Choice choice;
  std::vector<std::string> times;
  std::vector<std::string> names = usable(candidates);
  if (names.empty()) names.emplace_back(kRouted);
  for (const std::string& name : names) {
    const sim::Time time = candidates.predict(name);
    times.push_back(fmt::format("{} {} us", name, sim::microseconds_text(time)));
    if (choice.predicted && time >= *choice.predicted) continue;
    choice.algorithm = name;
    choice.predicted = time;
  }
  choice.reason = fmt::format("fastest predicted: {}", fmt::join(times, ", "));
  return choice;
}

}  // namespace

const LineAlgorithm* find_algorithm(std::span<const LineAlgorithm> algorithms,
                                    std::string_view name) {
  const auto found = std::find_if(algorithms.begin(), algorithms.end(),
                                  [name](const LineAlgorithm& each) { return each.name == name; });
  return found == algorithms.end() ? nullptr : &*found;
}

Choice choose(const Candidates& candidates, const std::optional<std::string>& wanted) {
  if (wanted == kFastest) return fastest(candidates);
  if (wanted == kRouted) return {std::string(kRouted), "as asked"};
  if (wanted) {
    const LineAlgorithm* algorithm = find_algorithm(candidates.algorithms, *wanted);
    if (algorithm == nullptr) {
      std::vector<std::string_view> names;
      for (const LineAlgorithm& each : candidates.algorithms) names.push_back(each.name);
      throw std::invalid_argument(
          fmt::format("[{}] algorithm '{}' is unknown; there are {}, {} and {}", candidates.op,
                      *wanted, fmt::join(names, ", "), kRouted, kFastest));
    }
    if (const std::string why = obstacle(*algorithm, candidates.wiring); !why.empty()) {
      std::vector<std::string> names = usable(candidates);
      names.emplace_back(kRouted);
      throw std::invalid_argument(fmt::format("[{}] algorithm {} cannot run here: {}; there are {}",
                                              candidates.op, *wanted, why, fmt::join(names, ", ")));
    }
    return {*wanted, "as asked"};
  }
  if (candidates.wiring.in_pieces) return {std::string(kRouted), candidates.wiring.note};
  Choice usual = candidates.usual;
  if (!candidates.wiring.note.empty()) usual.reason = candidates.wiring.note;
  return usual;
}

}  // namespace ttmesh::ccl
