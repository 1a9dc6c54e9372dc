#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ttmesh::cli {

/// One thing that a sweep varies.
struct SweepKey {
  std::string name;  ///< An option, "batch" or "t"; with a dot a setting, "link(0-1).latency".
  std::vector<std::string> values;
};

/// Reads "KEY=A,B,C". Throws std::invalid_argument if the key or a value is missing.
[[nodiscard]] SweepKey parse_sweep_key(const std::string& text);

/// One value for each key, by its index.
using SweepPoint = std::vector<std::size_t>;

/// All combinations, the last key varying fastest.
[[nodiscard]] std::vector<SweepPoint> sweep_points(const std::vector<SweepKey>& keys);

/// A command's words with the values of a point: a setting as --set, "collective" of `ccl` and
/// "module" of `run` as the word that they are, anything else as an option.
[[nodiscard]] std::vector<std::string> command_at(const std::vector<std::string>& command,
                                                  const std::vector<SweepKey>& keys,
                                                  const SweepPoint& point);

}  // namespace ttmesh::cli
