#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ccl/member.hpp"
#include "ccl/wiring.hpp"
#include "mesh/program/step.hpp"
#include "sim/time.hpp"

namespace ttmesh::ccl {

/// Carries every payload on its own along a route: what lines in pieces leave.
inline constexpr std::string_view kRouted = "routed";
/// Stands for the algorithm with the shortest predicted time; `routed` is one of them only where
/// there is no other.
inline constexpr std::string_view kFastest = "fastest";

/// One way to carry out a collective along lines of chips.
struct LineAlgorithm {
  std::string_view name;
  Topology topology;  ///< Ring: the lines must be closed.
  /// The part of the chip at a place, for slices of so many pages along a tensor dim.
  mesh::StepPlan (*plan)(const Member& member, int dim, std::int64_t slice_pages);
  int most_chips = std::numeric_limits<int>::max();
};

/// Which algorithm carries out a call.
struct Choice {
  std::string algorithm;
  std::string reason;
  std::optional<sim::Time> predicted{};  ///< Virtual time on the idle machine, if it was asked for.
};

/// What a choice is made of.
struct Candidates {
  const char* op;
  const Wiring& wiring;
  std::span<const LineAlgorithm> algorithms;
  Choice usual;  ///< What runs unless the caller asks for another one.
  /// Virtual time of the call on the idle machine.
  std::function<sim::Time(const std::string& algorithm)> predict;
};

/// The algorithm called `wanted`, the one with the shortest predicted time if that is "fastest",
/// the usual one if nothing is wanted. Lines in pieces leave `routed` alone.
/// Throws std::invalid_argument if the name is unknown or the wiring does not allow it.
[[nodiscard]] Choice choose(const Candidates& candidates, const std::optional<std::string>& wanted);

/// The algorithm called `name`; null if there is none.
[[nodiscard]] const LineAlgorithm* find_algorithm(std::span<const LineAlgorithm> algorithms,
                                                  std::string_view name);

}  // namespace ttmesh::ccl
