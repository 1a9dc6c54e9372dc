#pragma once

#include <vector>

#include "mesh/topology/inter_mesh.hpp"
#include "mesh/topology/mgd1_meshes.hpp"
#include "mesh/topology/yaml_reader.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace ttmesh::mesh {

/// Reads `Graph` or `RelaxedGraph`. Mistakes are left with the reader.
[[nodiscard]] std::vector<MeshConnection> read_mgd1_connections(YamlReader& reader,
                                                                const YamlValue& document,
                                                                const Mgd1Meshes& meshes);

}  // namespace ttmesh::mesh
