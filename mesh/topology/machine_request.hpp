#pragma once

#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/inter_mesh.hpp"

namespace ttmesh::mesh {

/// Chips that must lie on certain places of a machine, in any order among these. Ids are patterns,
/// as in id_pattern.hpp.
struct Pinning {
  struct Node {
    std::string meshes;  ///< Ids of meshes.
    std::string chips;   ///< Row-major within each.
  };
  struct Place {
    std::string trays;
    std::string locations;
  };

  Problem at;  ///< Where the file says it; `what` is open.
  std::vector<Node> nodes;
  std::vector<Place> places;
};

/// What a descriptor asks of the machine that it is mapped onto, beyond the meshes of its topology.
struct MachineRequest {
  std::vector<MeshConnection> connections;  ///< Meshes by position in the topology.
  std::vector<Pinning> pinnings;
};

}  // namespace ttmesh::mesh
