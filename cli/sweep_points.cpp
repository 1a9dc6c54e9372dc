#include "cli/sweep_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ttmesh::cli {
namespace {

bool is_positional(std::string_view command, std::string_view key) {
  return (command == "ccl" && key == "collective") || (command == "run" && key == "module");
}

/// The extents of a product are long options, although of one letter.
bool is_extent(std::string_view command, std::string_view key) {
  return command == "op" && (key == "m" || key == "k" || key == "n");
}

}  // namespace

SweepKey parse_sweep_key(const std::string& text) {
  const std::size_t equals = text.find('=');
  SweepKey key{.name = text.substr(0, equals), .values = {}};
  bool complete = equals != std::string::npos && equals > 0 && key.name.front() != '-';
  for (std::size_t begin = equals; complete && begin != std::string::npos;) {
    const std::size_t end = text.find(',', begin + 1);
    key.values.push_back(text.substr(begin + 1, end == std::string::npos ? end : end - begin - 1));
    complete = !key.values.back().empty();
    begin = end;
  }
  if (complete) return key;
  throw std::invalid_argument(
      fmt::format("[--over] '{}' is no key with values, needs KEY=A,B,C, as in batch=1,8,32 or "
                  "link.latency=1us,2us; a KEY has no dashes before it",
                  text));
}

std::vector<SweepPoint> sweep_points(const std::vector<SweepKey>& keys) {
  std::vector<SweepPoint> points{{}};
  for (const SweepKey& key : keys) {
    std::vector<SweepPoint> longer;
    for (const SweepPoint& point : points) {
      for (std::size_t value = 0; value < key.values.size(); ++value) {
        longer.push_back(point);
        longer.back().push_back(value);
      }
    }
    points = std::move(longer);
  }
  return points;
}

std::vector<std::string> command_at(const std::vector<std::string>& command,
                                    const std::vector<SweepKey>& keys, const SweepPoint& point) {
  std::vector<std::string> words = command;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string& name = keys[i].name;
    const std::string& value = keys[i].values[point[i]];
    if (is_positional(command.front(), name)) {
      words.insert(words.begin() + 1, value);
    } else if (name.find('.') != std::string::npos) {
      words.insert(words.end(), {"--set", name + "=" + value});
    } else if (name.size() == 1 && !is_extent(command.front(), name)) {
      words.insert(words.end(), {"-" + name, value});
    } else {
      words.push_back("--" + name + "=" + value);
    }
  }
  return words;
}

}  // namespace ttmesh::cli
