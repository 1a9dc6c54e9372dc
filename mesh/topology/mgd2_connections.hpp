#pragma once

#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/inter_mesh.hpp"
#include "mesh/topology/mgd2_hierarchy.hpp"
#include "mesh/topology/mgd2_text.hpp"

namespace ttmesh::mesh {

/// Links between the meshes of a hierarchy.
struct Mgd2Connections {
  std::vector<MeshConnection> connections;  ///< Meshes by their position in the hierarchy.
  int unplaced_links = 0;                   ///< Asked for between graphs, which no chips carry.
  std::vector<Problem> launch_problems;
  std::vector<Problem> warnings;
};

/// Follows the connections and layouts of every graph instance. `meshes` are those of the
/// hierarchy. Throws mesh::InvalidFile with every reference that leads nowhere.
[[nodiscard]] Mgd2Connections connect_hierarchy(const Mgd2Document& document,
                                                const Mgd2Hierarchy& hierarchy,
                                                const std::vector<MeshDescription>& meshes);

}  // namespace ttmesh::mesh
