#include "mesh/topology/facts.hpp"

#include <cstddef>
#include <set>
#include <utility>

namespace ttmesh::mesh {

Facts facts(const Topology& topology) {
  Facts result;
  result.chips = topology.chip_count();
  result.hosts = topology.host_count();
  result.mesh.resize(topology.meshes.size());
  for (const MeshDescription& mesh : topology.meshes) {
    if (mesh.is_switch) {
      ++result.switches;
    } else if (mesh.is_grid) {
      ++result.meshes;
    }
  }
  const auto position = [&topology](ChipId chip) {
    return static_cast<std::size_t>(&topology.mesh_of(chip) - topology.meshes.data());
  };
  std::set<std::pair<std::size_t, std::size_t>> joined;
  for (const Edge& edge : topology.edges) {
    const std::size_t mesh = position(edge.a);
    switch (edge.kind) {
      case Edge::Kind::Neighbour:
      case Edge::Kind::Wrap:
        ++result.mesh[mesh].chip_pairs;
        result.mesh[mesh].links += edge.channels;
        break;
      case Edge::Kind::Express:
        ++result.mesh[mesh].express_pairs;
        result.mesh[mesh].express_links += edge.channels;
        if (topology.format != "cluster") break;
        ++result.mesh[mesh].chip_pairs;
        result.mesh[mesh].links += edge.channels;
        break;
      case Edge::Kind::InterMesh:
        joined.emplace(mesh, position(edge.b));
        result.inter_mesh_links += edge.channels;
        break;
    }
  }
  for (const MeshFacts& mesh : result.mesh) {
    result.chip_pairs += mesh.chip_pairs;
    result.links += mesh.links;
  }
  result.inter_mesh_pairs = static_cast<std::int64_t>(joined.size());
  result.inter_mesh_links += topology.unplaced_links;
  return result;
}

}  // namespace ttmesh::mesh
