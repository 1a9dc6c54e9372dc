#pragma once

#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/topology.hpp"
#include "mesh/topology/yaml_reader.hpp"
#include "mesh/topology/yaml_value.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::mesh {

/// Chips and meshes of a mesh graph descriptor, version 1.
struct Mgd1Meshes {
  sim::Arch arch = sim::Arch::WormholeB0;
  int ports = 0;  ///< Ethernet ports of a chip on each of its sides.
  std::vector<MeshDescription> meshes;
  std::vector<Problem> launch_problems;
  std::vector<Problem> warnings;
};

/// Reads `ChipSpec`, `Board` and `Mesh`. Mistakes are left with the reader; the meshes are of use
/// only if there are none.
[[nodiscard]] Mgd1Meshes read_mgd1_meshes(YamlReader& reader, const YamlValue& document);

}  // namespace ttmesh::mesh
