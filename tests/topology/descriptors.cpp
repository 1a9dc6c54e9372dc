#include "tests/topology/descriptors.hpp"

#include <cstddef>

namespace ttmesh::mesh {

std::string cluster_text(int chips, const std::vector<std::pair<int, int>>& links,
                         const std::string& more) {
  std::string text = "arch: {";
  std::string mmio = "chips_with_mmio: [";
  for (int chip = 0; chip < chips; ++chip) {
    text += std::to_string(chip) + ": blackhole, ";
    mmio += std::to_string(chip) + ": 0, ";
  }
  text += "}\nchips: {}\n" + mmio + "]\nethernet_connections: [\n";
  std::vector<int> channel(static_cast<std::size_t>(chips), 0);
  for (const auto& [a, b] : links) {
    text += "  [{chip: " + std::to_string(a) +
            ", chan: " + std::to_string(channel[static_cast<std::size_t>(a)]++) +
            "}, {chip: " + std::to_string(b) +
            ", chan: " + std::to_string(channel[static_cast<std::size_t>(b)]++) + "}],\n";
  }
  return text + "]\n" + more;
}

std::vector<std::pair<int, int>> cables_of(const GridCables& grid) {
  const MeshDescription mesh{
      .shape = grid.shape, .dim_types = grid.dim_types, .channels = grid.channels};
  std::vector<std::pair<int, int>> cables;
  for (const Edge& edge : neighbour_edges(mesh)) {
    for (int i = 0; i < edge.channels; ++i) cables.emplace_back(edge.a, edge.b);
  }
  return cables;
}

std::string mgd2_text(const Mgd2Mesh& mesh) {
  const auto pair = [](MeshShape shape) {
    return "[" + std::to_string(shape.rows) + ", " + std::to_string(shape.cols) + "]";
  };
  return "mesh_descriptors {\n  name: 'M0'\n  arch: BLACKHOLE\n  device_topology { dims: " +
         pair(mesh.shape) + " dim_types: [" + mesh.dim_types +
         "] }\n  host_topology { dims: " + pair(mesh.hosts) +
         " }\n  channels { count: " + std::to_string(mesh.channels) + " policy: " + mesh.policy +
         " }\n}\ntop_level_instance { mesh { mesh_descriptor: 'M0' mesh_id: 0 } }\n";
}

}  // namespace ttmesh::mesh
