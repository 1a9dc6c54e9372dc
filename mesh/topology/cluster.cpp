#include "mesh/topology/cluster.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/grid_search.hpp"
#include "sim/system.hpp"

namespace ttmesh::mesh {
namespace {

/// Shapes of the systems of an architecture, that which the channels suggest first.
std::vector<MeshShape> system_shapes(sim::Arch arch, int channels) {
  const sim::System& likely = sim::default_system(arch, channels);
  std::vector<MeshShape> shapes{{likely.rows, likely.cols}};
  for (const sim::System& system : sim::systems()) {
    if (system.chip.arch == arch) shapes.push_back({system.rows, system.cols});
  }
  return shapes;
}

class Cluster {
 public:
  explicit Cluster(ClusterDescription cluster) : cluster_(std::move(cluster)) {
    parsed_.warnings = std::move(cluster_.warnings);
    parsed_.notes = std::move(cluster_.notes);
    links_ = cluster_.channels();
    for (const auto& [pair, channels] : links_) {
      channels_[pair.first][pair.second] = channels;
      channels_[pair.second][pair.first] = channels;
    }
  }

  ParsedTopology build() {
    Topology& topology = parsed_.topology;
    topology.format = "cluster";
    topology.arch = cluster_.arch;
    topology.usable_links = 0;
    topology.one_host = true;
    for (const std::vector<int>& piece : pieces()) {
      check_mmio(piece);
      add_mesh(piece);
    }
    add_edges();
    add_notes();
    return std::move(parsed_);
  }

 private:
  void refuse(int chip, const std::string& what) {
    parsed_.launch_problems.push_back({cluster_.file, cluster_.chips.at(chip), "", what});
  }

  void check_mmio(const std::vector<int>& piece) {
    const bool reachable = std::any_of(piece.begin(), piece.end(), [this](int chip) {
      return cluster_.mmio_chips.contains(chip);
    });
    if (reachable) return;
    refuse(piece.front(),
           "Closest MMIO capable chip not found for chip " + std::to_string(piece.front()) + ".");
  }

  /// Chips that links join into one piece, ascending by id, each piece by its lowest chip.
  std::vector<std::vector<int>> pieces() {
    std::vector<std::vector<int>> result;
    std::set<int> seen;
    for (const auto& [first, line] : cluster_.chips) {
      if (!seen.insert(first).second) continue;
      std::vector<int> piece{first};
      for (std::size_t i = 0; i < piece.size(); ++i) {
        for (const auto& [neighbour, channels] : channels_[piece[i]]) {
          if (seen.insert(neighbour).second) piece.push_back(neighbour);
        }
      }
      std::sort(piece.begin(), piece.end());
      result.push_back(std::move(piece));
    }
    return result;
  }

  LinkGraph graph_of(const std::vector<int>& piece) const {
    LinkGraph graph;
    for (const int chip : piece) {
      std::vector<int>& neighbours = graph.neighbours.emplace_back();
      for (const auto& [neighbour, channels] : channels_.at(chip)) {
        const auto at = std::lower_bound(piece.begin(), piece.end(), neighbour);
        neighbours.push_back(static_cast<int>(at - piece.begin()));
      }
    }
    return graph;
  }

  void add_mesh(const std::vector<int>& piece) {
    Topology& topology = parsed_.topology;
    MeshDescription mesh;
    mesh.id = static_cast<int>(topology.meshes.size());
    mesh.name = "M" + std::to_string(mesh.id);
    mesh.first_chip = topology.chip_count();
    mesh.channels = fewest_channels(piece);
    const LinkGraph graph = graph_of(piece);
    const auto grid = find_grid(graph, system_shapes(cluster_.arch, mesh.channels));
    if (grid) {
      mesh.shape = grid->shape;
      mesh.dim_types = grid->dim_types;
      for (const int chip : grid->chips) add_chip(piece[static_cast<std::size_t>(chip)]);
    } else {
      mesh.is_grid = false;
      mesh.shape = {1, static_cast<int>(piece.size())};
      mesh.channels = 0;
      for (const int chip : piece) add_chip(chip);
      refuse(piece.front(), why_no_grid(piece, graph));
    }
    topology.meshes.push_back(std::move(mesh));
  }

  void add_chip(int id) {
    std::vector<std::int64_t>& ids = parsed_.topology.physical_ids;
    chip_of_[id] = static_cast<ChipId>(ids.size());
    ids.push_back(id);
  }

  /// Fewest channels of a pair of the piece; 0 if it has no links.
  int fewest_channels(const std::vector<int>& piece) const {
    int fewest = 0;
    for (const int chip : piece) {
      for (const auto& [neighbour, channels] : channels_.at(chip)) {
        fewest = fewest == 0 ? channels : std::min(fewest, channels);
      }
    }
    return fewest;
  }

  std::string why_no_grid(const std::vector<int>& piece, const LinkGraph& graph) const {
    std::map<std::size_t, int> by_degree;
    for (const auto& neighbours : graph.neighbours) ++by_degree[neighbours.size()];
    std::string text = std::to_string(piece.size()) + " chips with " +
                       std::to_string(graph.pairs()) +
                       " linked pairs form no line, ring, mesh or torus:";
    for (const auto& [degree, count] : by_degree) {
      text +=
          " " + std::to_string(count) + " of them with " + std::to_string(degree) + " neighbours,";
    }
    text.back() = ';';
    if (by_degree.rbegin()->first > 4)
      return text + " a grid has at most 4, and one express link a chip";
    return text + " no arrangement in rows and columns has these links";
  }

  void add_edges() {
    Topology& topology = parsed_.topology;
    std::vector<Edge> edges;
    for (const auto& [pair, channels] : links_) {
      const auto [a, b] = std::minmax(chip_of_.at(pair.first), chip_of_.at(pair.second));
      edges.push_back(edge_of(topology.mesh_of(a), {a, b, channels}));
    }
    count_channels(edges);
    topology.set_edges(std::move(edges));
  }

  /// The same edge, with its part in the mesh's grid.
  static Edge edge_of(const MeshDescription& mesh, Edge edge) {
    if (!mesh.is_grid) return edge;
    const Coordinate from = mesh.coordinate(edge.a);
    const Coordinate to = mesh.coordinate(edge.b);
    edge.axis = from.col == to.col ? 0 : 1;
    edge.kind = Edge::Kind::Express;
    if (edge.axis == 1 && from.row != to.row) return edge;
    const int distance = to.along(edge.axis) - from.along(edge.axis);
    if (distance == 1) {
      edge.kind = Edge::Kind::Neighbour;
    } else if (mesh.wraps(edge.axis) && distance == mesh.shape.extent(edge.axis) - 1) {
      edge.kind = Edge::Kind::Wrap;
    }
    return edge;
  }

  /// Gives each grid the fewest channels of its pairs.
  void count_channels(const std::vector<Edge>& edges) {
    bool uneven = false;
    std::map<ChipId, int> fewest;  // By a mesh's first chip.
    for (const Edge& edge : edges) {
      const MeshDescription& mesh = parsed_.topology.mesh_of(edge.a);
      if (!mesh.is_grid || edge.kind == Edge::Kind::Express) continue;
      int& channels = fewest.emplace(mesh.first_chip, edge.channels).first->second;
      uneven |= channels != edge.channels;
      channels = std::min(channels, edge.channels);
    }
    for (MeshDescription& mesh : parsed_.topology.meshes) {
      const auto found = fewest.find(mesh.first_chip);
      if (found != fewest.end()) mesh.channels = found->second;
    }
    if (uneven) {
      parsed_.warnings.push_back({cluster_.file, 0, "ethernet_connections",
                                  "neighbours are joined by different link counts"});
    }
  }

  void add_notes() {
    std::map<std::string, int> boards;
    for (const ClusterDescription::Board& board : cluster_.boards) ++boards[board.type];
    std::string text;
    for (const auto& [type, count] : boards) {
      text += (text.empty() ? "boards: " : ", ") + std::to_string(count) + " " + type;
    }
    if (!text.empty()) parsed_.notes.push_back(text);
    parsed_.notes.push_back("chips with PCIe: " + std::to_string(cluster_.mmio_chips.size()));
    std::map<int, int> harvested;
    for (const auto& [chip, rows] : cluster_.harvested_rows) ++harvested[rows];
    text.clear();
    for (const auto& [rows, count] : harvested) {
      text += (text.empty() ? "harvested rows: " : ", ") + std::to_string(rows) + " on " +
              std::to_string(count) + " chips";
    }
    if (!text.empty()) parsed_.notes.push_back(text);
    if (!cluster_.remote_links.empty()) {
      parsed_.notes.push_back("links to other hosts, left out: " +
                              std::to_string(cluster_.remote_links.size()));
    }
  }

  ClusterDescription cluster_;
  ParsedTopology parsed_;
  std::map<std::pair<int, int>, int> links_;    ///< Channels between two chips.
  std::map<int, std::map<int, int>> channels_;  ///< By chip and neighbour.
  std::map<int, ChipId> chip_of_;
};

}  // namespace

bool looks_like_cluster(const YamlValue& document) {
  return document.find("ethernet_connections") != nullptr || document.find("arch") != nullptr;
}

ParsedTopology cluster_topology(ClusterDescription cluster) {
  return Cluster(std::move(cluster)).build();
}

}  // namespace ttmesh::mesh
