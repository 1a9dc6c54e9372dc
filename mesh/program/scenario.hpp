#pragma once

#include <string>
#include <vector>

#include "mesh/topology/input_file.hpp"
#include "sim/setting.hpp"

namespace ttmesh::mesh {

/// Perturbations of a machine, as a scenario file gives them: docs/scenarios.md has the format.
struct Scenario {
  std::string name;                    ///< For people; may be empty.
  std::vector<sim::Setting> settings;  ///< In the file's order, each with the place it is from.
};

/// Reads a scenario file. Throws mesh::InvalidFile with every mistake; whether selectors match
/// anything shows when a machine is made.
[[nodiscard]] Scenario load_scenario(const std::string& path);

/// The same for a file that has been read.
[[nodiscard]] Scenario parse_scenario(const InputFile& file);

/// Settings that a file may have.
inline constexpr std::size_t kMaxSettings = 10'000;

}  // namespace ttmesh::mesh
