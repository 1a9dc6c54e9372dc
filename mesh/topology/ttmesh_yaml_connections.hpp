#pragma once

#include <vector>

#include "mesh/topology/inter_mesh.hpp"
#include "mesh/topology/topology.hpp"
#include "mesh/topology/yaml_reader.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace ttmesh::mesh {

/// Reads the list `connections` of this project's own format. Mistakes are left with the reader.
[[nodiscard]] std::vector<MeshConnection> read_ttmesh_connections(
    YamlReader& reader, const YamlValue& document, const std::vector<MeshDescription>& meshes);

}  // namespace ttmesh::mesh
