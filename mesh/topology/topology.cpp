#include "mesh/topology/topology.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace ttmesh::mesh {
namespace {

struct ByA {
  bool operator()(const Edge& x, const Edge& y) const {
    return std::tie(x.a, x.b) < std::tie(y.a, y.b);
  }
  bool operator()(const Edge& edge, ChipId a) const { return edge.a < a; }
  bool operator()(ChipId a, const Edge& edge) const { return a < edge.a; }
};

Edge edge_between(const MeshDescription& mesh, ChipId x, ChipId y, Edge::Kind kind, int axis) {
  return {std::min(x, y), std::max(x, y), mesh.channels, kind, axis};
}

std::string describe(const Topology& topology) {
  std::string text;
  for (const MeshDescription& mesh : topology.meshes) {
    if (!text.empty()) text += ", ";
    text += std::to_string(mesh.id) + " (" + to_string(mesh.shape);
    text += mesh.is_switch ? ", switch)" : mesh.is_grid ? ")" : ", no grid)";
  }
  return text;
}

}  // namespace

void Topology::set_edges(std::vector<Edge> unsorted) {
  edges = std::move(unsorted);
  std::stable_sort(edges.begin(), edges.end(), ByA{});
  edges_by_b.resize(edges.size());
  std::iota(edges_by_b.begin(), edges_by_b.end(), 0);
  std::stable_sort(edges_by_b.begin(), edges_by_b.end(), [this](std::int32_t x, std::int32_t y) {
    return edges[static_cast<std::size_t>(x)].b < edges[static_cast<std::size_t>(y)].b;
  });
}

int Topology::chip_count() const {
  return meshes.empty() ? 0 : meshes.back().first_chip + meshes.back().shape.size();
}

int Topology::host_count() const {
  if (one_host) return 1;
  int count = 0;
  for (const MeshDescription& mesh : meshes) count += mesh.host_shape.size();
  return count;
}

const MeshDescription& Topology::mesh_of(ChipId chip) const {
  const auto after =
      std::upper_bound(meshes.begin(), meshes.end(), chip,
                       [](ChipId id, const MeshDescription& mesh) { return id < mesh.first_chip; });
  if (after == meshes.begin() || !std::prev(after)->owns(chip)) {
    throw std::invalid_argument("[mesh_of] chip " + std::to_string(chip) +
                                " does not exist; the topology has chips 0 to " +
                                std::to_string(chip_count() - 1));
  }
  return *std::prev(after);
}

int Topology::channels_between(ChipId a, ChipId b) const {
  const Edge key{std::min(a, b), std::max(a, b), 0};
  const auto [first, last] = std::equal_range(edges.begin(), edges.end(), key, ByA{});
  int channels = 0;
  for (auto edge = first; edge != last; ++edge) channels += edge->channels;
  return channels;
}

std::vector<ChipId> Topology::neighbours(ChipId chip) const {
  std::vector<ChipId> chips;
  if (edges_by_b.size() == edges.size()) {
    const auto b_of = [this](std::int32_t at) { return edges[static_cast<std::size_t>(at)].b; };
    auto at = std::lower_bound(edges_by_b.begin(), edges_by_b.end(), chip,
                               [&](std::int32_t x, ChipId id) { return b_of(x) < id; });
    for (; at != edges_by_b.end() && b_of(*at) == chip; ++at) {
      chips.push_back(edges[static_cast<std::size_t>(*at)].a);
    }
  } else {  // A topology made by hand, without set_edges.
    for (const Edge& edge : edges) {
      if (edge.b == chip) chips.push_back(edge.a);
    }
  }
  const auto [first, last] = std::equal_range(edges.begin(), edges.end(), chip, ByA{});
  for (auto edge = first; edge != last; ++edge) chips.push_back(edge->b);
  chips.erase(std::unique(chips.begin(), chips.end()), chips.end());
  return chips;
}

int Topology::host_of(ChipId chip) const {
  const MeshDescription& owner = mesh_of(chip);
  if (one_host) return 0;
  int host = 0;
  for (const MeshDescription& mesh : meshes) {
    if (&mesh == &owner) break;
    host += mesh.host_shape.size();
  }
  const Coordinate at = owner.coordinate(chip);
  const int host_row = at.row / (owner.shape.rows / owner.host_shape.rows);
  const int host_col = at.col / (owner.shape.cols / owner.host_shape.cols);
  host += host_row * owner.host_shape.cols + host_col;
  return host_ranks.empty() ? host : host_ranks[static_cast<std::size_t>(host)];
}

std::vector<Edge> neighbour_edges(const MeshDescription& mesh) {
  std::vector<Edge> edges;
  if (mesh.channels == 0 || !mesh.is_grid) return edges;
  const auto [rows, cols] = mesh.shape;
  edges.reserve(2 * static_cast<std::size_t>(mesh.shape.size()));
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) {
      const ChipId chip = mesh.chip({row, col});
      if (col + 1 < cols) {
        edges.push_back(edge_between(mesh, chip, chip + 1, Edge::Kind::Neighbour, 1));
      } else if (mesh.wraps(1)) {
        edges.push_back(edge_between(mesh, chip, mesh.chip({row, 0}), Edge::Kind::Wrap, 1));
      }
      if (row + 1 < rows) {
        edges.push_back(edge_between(mesh, chip, chip + cols, Edge::Kind::Neighbour, 0));
      } else if (mesh.wraps(0)) {
        edges.push_back(edge_between(mesh, chip, mesh.chip({0, col}), Edge::Kind::Wrap, 0));
      }
    }
  }
  std::sort(edges.begin(), edges.end(), ByA{});
  return edges;
}

const MeshDescription& select_mesh(const Topology& topology, std::optional<int> mesh_id) {
  const auto& meshes = topology.meshes;
  if (mesh_id) {
    const auto found = std::find_if(meshes.begin(), meshes.end(), [&](const MeshDescription& mesh) {
      return mesh.id == *mesh_id && !mesh.is_switch && mesh.is_grid;
    });
    if (found != meshes.end()) return *found;
    throw std::invalid_argument("[select_mesh] " + topology.name + " has no mesh with id " +
                                std::to_string(*mesh_id) + " to run on; its meshes are " +
                                describe(topology));
  }
  std::vector<const MeshDescription*> usable;
  std::vector<const MeshDescription*> large;
  for (const MeshDescription& mesh : meshes) {
    if (mesh.is_switch || !mesh.is_grid) continue;
    usable.push_back(&mesh);
    if (mesh.shape.size() > 1) large.push_back(&mesh);
  }
  if (large.size() == 1) return *large.front();
  if (usable.size() == 1) return *usable.front();
  if (usable.empty()) {
    throw std::invalid_argument("[select_mesh] " + topology.name +
                                " has no mesh to run on; its links form none");
  }
  throw std::invalid_argument(
      "[select_mesh] " + topology.name +
      " has several meshes; choose one by its id with --mesh: " + describe(topology));
}

}  // namespace ttmesh::mesh
