#pragma once

#include <string>

#include "mesh/topology/topology.hpp"

namespace ttmesh::cli {

/// A mesh as text: chips with their numbers, links with their channel counts, dashed wraps, heavy
/// borders between hosts. Empty if the mesh is too large for a terminal or no grid.
[[nodiscard]] std::string drawing(const mesh::MeshDescription& mesh);

}  // namespace ttmesh::cli
