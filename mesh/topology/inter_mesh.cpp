#include "mesh/topology/inter_mesh.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace ttmesh::mesh {
namespace {

using MeshPair = std::pair<std::size_t, std::size_t>;
using ChipPair = std::pair<ChipId, ChipId>;

/// One column of a mesh that links leave by; `next` is the row of the next link.
struct Column {
  int next = 0;

  ChipId take(const MeshDescription& mesh, int col) {
    const ChipId chip = mesh.chip({next, col});
    next = (next + 1) % mesh.shape.rows;
    return chip;
  }
};

}  // namespace

std::vector<Edge> inter_mesh_edges(const std::vector<MeshDescription>& meshes,
                                   const std::vector<MeshConnection>& connections) {
  std::map<ChipPair, int> links;
  const auto add = [&links](ChipId x, ChipId y, int count) { links[std::minmax(x, y)] += count; };
  std::vector<MeshPair> order;
  std::map<MeshPair, int> placed;
  for (const MeshConnection& connection : connections) {
    const auto& [a, b, count, policy] = connection;
    if (a.chip && b.chip) {
      add(meshes[a.mesh].first_chip + *a.chip, meshes[b.mesh].first_chip + *b.chip, count);
      continue;
    }
    const MeshPair pair = std::minmax(a.mesh, b.mesh);
    const auto [entry, is_new] = placed.insert_or_assign(pair, count);
    if (is_new) order.push_back(entry->first);
  }

  std::vector<Column> last_columns(meshes.size());
  std::vector<Column> first_columns(meshes.size());
  for (const MeshPair& pair : order) {
    const MeshDescription& a = meshes[pair.first];
    const MeshDescription& b = meshes[pair.second];
    const int count = placed[pair];
    const int rows = std::max(a.shape.rows, b.shape.rows);
    const int edges = std::min(count, rows);
    for (int i = 0; i < edges; ++i) {
      const ChipId from = last_columns[pair.first].take(a, a.shape.cols - 1);
      const ChipId to = first_columns[pair.second].take(b, 0);
      add(from, to, count / edges + (i < count % edges ? 1 : 0));
    }
  }

  std::vector<Edge> result;
  result.reserve(links.size());
  for (const auto& [chips, count] : links) {
    result.push_back({chips.first, chips.second, count, Edge::Kind::InterMesh, -1});
  }
  return result;
}

}  // namespace ttmesh::mesh
