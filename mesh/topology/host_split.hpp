#pragma once

#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// The topology with its meshes divided among so many hosts: as its file says if that gives this
/// count, else by rows, else by columns, every mesh among as many hosts.
/// Throws std::invalid_argument if the chips cannot be divided so.
[[nodiscard]] Topology split_over_hosts(Topology topology, int hosts);

/// Which host of which mesh a rank is.
struct HostPlace {
  int mesh_id = 0;
  int mesh_host_rank = 0;  ///< Row-major in the mesh's host grid.

  friend constexpr bool operator==(const HostPlace&, const HostPlace&) = default;
};

/// Throws std::invalid_argument if the topology has no such rank.
[[nodiscard]] HostPlace place_of_rank(const Topology& topology, int rank);

}  // namespace ttmesh::mesh
