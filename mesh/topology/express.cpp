#include "mesh/topology/express.hpp"

#include <algorithm>
#include <utility>

namespace ttmesh::mesh {

std::vector<Edge> express_edges(const MeshDescription& mesh, const ExpressPattern& pattern) {
  const int extent = mesh.shape.extent(pattern.axis);
  const int across = mesh.shape.extent(1 - pattern.axis);
  const bool wraps = pattern.wrap && mesh.wraps(pattern.axis);
  std::vector<std::pair<int, int>> blocks;
  if (wraps) {
    for (int block = 0; block < extent / pattern.step; ++block) {
      const int first = (pattern.start + block * pattern.step) % extent;
      blocks.emplace_back(first, (first + pattern.step - 1) % extent);
    }
  } else {
    for (int first = pattern.start; first <= extent - pattern.step; first += pattern.step) {
      blocks.emplace_back(first, first + pattern.step - 1);
    }
  }
  std::vector<Edge> edges;
  for (const auto& [first, last] : blocks) {
    for (int i = 0; i < across; ++i) {
      const ChipId x = mesh.chip(pattern.axis == 0 ? Coordinate{first, i} : Coordinate{i, first});
      const ChipId y = mesh.chip(pattern.axis == 0 ? Coordinate{last, i} : Coordinate{i, last});
      edges.push_back(
          {std::min(x, y), std::max(x, y), mesh.channels, Edge::Kind::Express, pattern.axis});
    }
  }
  return edges;
}

}  // namespace ttmesh::mesh
