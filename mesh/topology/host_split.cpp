#include "mesh/topology/host_split.hpp"

#include <stdexcept>
#include <string>

namespace ttmesh::mesh {

Topology split_over_hosts(Topology topology, int hosts) {
  if (!topology.one_host && topology.host_count() == hosts) return topology;
  const int meshes = static_cast<int>(topology.meshes.size());
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument("[--hosts] " + topology.name + " cannot be divided among " +
                                std::to_string(hosts) + " hosts: " + why);
  };
  if (hosts % meshes != 0) {
    refuse("it has " + std::to_string(meshes) + " meshes; needs a multiple of that");
  }
  const int each = hosts / meshes;
  for (MeshDescription& mesh : topology.meshes) {
    if (mesh.shape.rows % each == 0) {
      mesh.host_shape = {each, 1};
    } else if (mesh.shape.cols % each == 0) {
      mesh.host_shape = {1, each};
    } else {
      refuse("neither rows nor columns of its " + to_string(mesh.shape) +
             " mesh are a multiple of " + std::to_string(each));
    }
  }
  topology.one_host = false;
  topology.host_ranks.clear();
  return topology;
}

HostPlace place_of_rank(const Topology& topology, int rank) {
  int host = 0;
  for (const MeshDescription& mesh : topology.meshes) {
    for (int within = 0; within < mesh.host_shape.size(); ++within, ++host) {
      const int its_rank =
          topology.host_ranks.empty() ? host : topology.host_ranks[static_cast<std::size_t>(host)];
      if (its_rank == rank) return {.mesh_id = mesh.id, .mesh_host_rank = within};
    }
  }
  throw std::invalid_argument("[place_of_rank] rank " + std::to_string(rank) + " of " +
                              topology.name + ", which has " + std::to_string(host) + " hosts");
}

}  // namespace ttmesh::mesh
