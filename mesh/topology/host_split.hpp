#pragma once

#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// The topology with its meshes divided among so many hosts: as its file says if that gives this
/// count, else by rows, else by columns, every mesh among as many hosts.
/// Throws std::invalid_argument if the chips cannot be divided so.
[[nodiscard]] Topology split_over_hosts(Topology topology, int hosts);

}  // namespace ttmesh::mesh
