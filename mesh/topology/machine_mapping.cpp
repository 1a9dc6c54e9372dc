#include "mesh/topology/machine_mapping.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "mesh/topology/embedding.hpp"
#include "mesh/topology/id_pattern.hpp"
#include "mesh/topology/input_file.hpp"

namespace ttmesh::mesh {
namespace {

constexpr const char* kHeading =
    "Graph specified in MGD could not fit in the discovered physical topology";
/// Trays and locations on them (tt-metal's domain of physical ids).
constexpr std::size_t kPhysicalIds = 256;

std::string title(const MeshDescription& mesh) {
  return (mesh.is_switch ? "switch " : "mesh ") + std::to_string(mesh.id) + " (" + mesh.name + ")";
}

/// Channels that real hardware must have where the topology has `channels`.
int needed(int channels, ChannelPolicy policy) {
  return policy == ChannelPolicy::Strict ? channels : 1;
}

/// Turns a topology and its request into a graph to look for.
class Mapping {
 public:
  Mapping(const ParsedTopology& parsed, const PhysicalMachine& machine)
      : topology_(parsed.topology), request_(parsed.request), machine_(machine) {}

  std::vector<int> run() {
    check_size();
    add_nodes();
    add_edges();
    add_connections();
    finish_graph();
    check_channels();
    add_pinnings();
    if (!problems_.empty()) throw InvalidFile(kHeading, std::move(problems_));
    Embedding found = embed(machine_.graph, machine_.host_of, embedding_);
    if (found.outcome != Embedding::Outcome::Found) explain(found);
    return std::move(found.chips);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw InvalidFile(kHeading, {{topology_.name, 0, "", what}});
  }

  std::string machine_name() const {
    if (machine_.files.size() == 1) return machine_.files.front();
    return machine_.files.front() + " and " + std::to_string(machine_.files.size() - 1) + " more";
  }

  void check_size() const {
    if (topology_.arch != machine_.arch) {
      refuse("its architecture is " + std::string(sim::name(topology_.arch)) + ", that of " +
             machine_name() + " " + std::string(sim::name(machine_.arch)));
    }
    const auto chips = static_cast<std::size_t>(topology_.chip_count());
    if (chips <= machine_.chips.size()) return;
    refuse("it has " + std::to_string(chips) + " chips, and " + machine_name() + " only " +
           std::to_string(machine_.chips.size()));
  }

  /// Within a mesh, chips are placed in growing squares from the first corner: all but two cells of
  /// a square's edge have two neighbours then.
  void add_nodes() {
    const auto chips = static_cast<std::size_t>(topology_.chip_count());
    embedding_.places.resize(chips);
    for (const MeshDescription& mesh : topology_.meshes) {
      for (int i = 0; i < mesh.shape.size(); ++i) {
        const ChipId chip = mesh.first_chip + i;
        const Coordinate at = mesh.coordinate(chip);
        const int square = mesh.is_grid ? std::max(at.row, at.col) : i;
        embedding_.rank.push_back(mesh.first_chip + square);
        embedding_.host.push_back(topology_.host_of(chip));
      }
    }
  }

  void need(ChipId a, ChipId b, int channels) {
    int& most = channels_[std::minmax(a, b)];
    most = std::max(most, channels);
  }

  void add_edges() {
    for (const Edge& edge : topology_.edges) {
      const bool stated_elsewhere =
          edge.kind == Edge::Kind::InterMesh && !request_.connections.empty();
      if (stated_elsewhere) continue;
      const ChannelPolicy policy = edge.kind == Edge::Kind::InterMesh
                                       ? ChannelPolicy::Relaxed
                                       : topology_.mesh_of(edge.a).policy;
      need(edge.a, edge.b, needed(edge.channels, policy));
    }
  }

  /// Channels between the same two chips add up; of several entries for the same two meshes, the
  /// last counts.
  void add_connections() {
    using MeshPair = std::pair<std::size_t, std::size_t>;
    std::map<MeshPair, int> bundles;
    std::map<std::pair<ChipId, ChipId>, int> chips;
    for (const MeshConnection& connection : request_.connections) {
      const auto& [a, b, links, policy] = connection;
      if (a.chip && b.chip) {
        const ChipId from = topology_.meshes[a.mesh].first_chip + *a.chip;
        const ChipId to = topology_.meshes[b.mesh].first_chip + *b.chip;
        int& sum = chips[std::minmax(from, to)];
        sum = policy == ChannelPolicy::Strict ? sum + links : 1;
      } else {
        bundles[std::minmax(a.mesh, b.mesh)] = needed(links, policy);
      }
    }
    for (const auto& [pair, channels] : chips) need(pair.first, pair.second, channels);
    add_bundles(bundles);
  }

  /// Meshes of one chip each are joined like neighbours.
  void add_bundles(const std::map<std::pair<std::size_t, std::size_t>, int>& bundles) {
    const auto range = [this](std::size_t mesh) {
      const MeshDescription& each = topology_.meshes[mesh];
      return EmbeddingRequest::Range{each.first_chip, each.first_chip + each.shape.size()};
    };
    for (const auto& [pair, channels] : bundles) {
      const auto a = range(pair.first);
      const auto b = range(pair.second);
      if (a.last - a.first == 1 && b.last - b.first == 1) {
        need(a.first, b.first, channels);
      } else {
        embedding_.bundles.push_back({a, b, channels});
      }
    }
  }

  void finish_graph() {
    auto& links = embedding_.graph.links;
    links.resize(embedding_.places.size());
    for (const auto& [chips, channels] : channels_) {
      links[static_cast<std::size_t>(chips.first)].push_back({chips.second, channels});
      links[static_cast<std::size_t>(chips.second)].push_back({chips.first, channels});
    }
    for (auto& each : links) {
      std::sort(each.begin(), each.end(), [](const auto& x, const auto& y) { return x.to < y.to; });
    }
  }

  /// What no arrangement can change: how many pairs of chips the machine joins, and how strongly.
  void check_channels() {
    std::map<int, std::size_t> joined;  // Pairs by channels.
    for (const auto& links : machine_.graph.links) {
      for (const ChannelGraph::Link& link : links) ++joined[link.channels];
    }
    const int most = joined.empty() ? 0 : joined.rbegin()->first;
    for (const MeshDescription& mesh : topology_.meshes) {
      const int wanted = needed(mesh.channels, mesh.policy);
      if (mesh.shape.size() == 1 || !mesh.is_grid || wanted <= most) continue;
      problems_.push_back(
          {topology_.name, 0, "",
           title(mesh) + " asks for " + std::to_string(wanted) +
               (mesh.policy == ChannelPolicy::Strict ? " channels (STRICT)" : " channel") +
               " between neighbours, and " + machine_name() + " has at most " +
               std::to_string(most) + " between two chips" +
               (most > 0 ? "; lower the count or make the policy RELAXED" : "")});
    }
    if (!problems_.empty()) return;
    for (const auto& [channels, pairs] : wanted_pairs()) {
      std::size_t available = 0;  // Each pair from both sides.
      for (auto each = joined.lower_bound(channels); each != joined.end(); ++each) {
        available += each->second;
      }
      if (pairs <= available / 2) continue;
      const std::string by =
          channels == 1 ? "" : " by " + std::to_string(channels) + " channels or more";
      problems_.push_back({topology_.name, 0, "",
                           "it joins " + std::to_string(pairs) + " pairs of chips" + by + ", and " +
                               machine_name() + " only " + std::to_string(available / 2)});
      return;
    }
  }

  /// By channels: how many pairs need these or more.
  std::map<int, std::size_t> wanted_pairs() const {
    std::map<int, std::size_t> wanted;
    for (const auto& [chips, channels] : channels_) ++wanted[channels];
    std::size_t sum = 0;
    for (auto each = wanted.rbegin(); each != wanted.rend(); ++each)
      each->second = sum += each->second;
    return wanted;
  }

  void add_pinnings() {
    for (const Pinning& pinning : request_.pinnings) {
      const std::vector<ChipId> chips = pinned_chips(pinning);
      std::vector<int> places;
      for (const Pinning::Place& place : pinning.places) {
        const std::vector<int> found = chips_at(place);
        places.insert(places.end(), found.begin(), found.end());
      }
      std::sort(places.begin(), places.end());
      places.erase(std::unique(places.begin(), places.end()), places.end());
      if (chips.empty()) {
        report(pinning, "Pinning matches no fabric node");
      } else if (places.empty()) {
        for (const Pinning::Place& place : pinning.places) {
          report(pinning, "Pinned ASIC position (tray " + place.trays + ", loc " + place.locations +
                              ") not found among physical ASICs participating in mesh " +
                              std::to_string(topology_.mesh_of(chips.front()).id) + "; " +
                              machine_name() + " has " + known_places());
        }
      } else {
        for (const ChipId chip : chips) restrict(pinning, chip, places);
      }
    }
  }

  void report(const Pinning& pinning, const std::string& what) {
    problems_.push_back(pinning.at);
    problems_.back().what = what;
  }

  std::vector<ChipId> pinned_chips(const Pinning& pinning) const {
    int most = 0;
    int ids = 0;
    for (const MeshDescription& mesh : topology_.meshes) {
      most = std::max(most, mesh.shape.size());
      ids = std::min(std::max(ids, mesh.id + 1), kMaxMeshes);
    }
    std::vector<ChipId> chips;
    for (const Pinning::Node& node : pinning.nodes) {
      const std::vector<bool> meshes = matching_ids(node.meshes, static_cast<std::size_t>(ids));
      const std::vector<bool> within = matching_ids(node.chips, static_cast<std::size_t>(most));
      for (const MeshDescription& mesh : topology_.meshes) {
        const bool named =
            mesh.id >= 0 && mesh.id < ids && meshes[static_cast<std::size_t>(mesh.id)];
        if (!named) continue;
        for (int i = 0; i < mesh.shape.size(); ++i) {
          if (within[static_cast<std::size_t>(i)]) chips.push_back(mesh.first_chip + i);
        }
      }
    }
    std::sort(chips.begin(), chips.end());
    chips.erase(std::unique(chips.begin(), chips.end()), chips.end());
    return chips;
  }

  std::vector<int> chips_at(const Pinning::Place& place) const {
    const std::vector<bool> trays = matching_ids(place.trays, kPhysicalIds);
    const std::vector<bool> locations = matching_ids(place.locations, kPhysicalIds);
    std::vector<int> chips;
    for (std::size_t i = 0; i < machine_.chips.size(); ++i) {
      const PhysicalMachine::Chip& chip = machine_.chips[i];
      if (trays[static_cast<std::size_t>(chip.tray)] &&
          locations[static_cast<std::size_t>(chip.location)]) {
        chips.push_back(static_cast<int>(i));
      }
    }
    return chips;
  }

  /// "tray 1 with locs 1 to 8, tray 2 with locs 1 to 8"
  std::string known_places() const {
    std::map<int, std::pair<int, int>> trays;
    for (const PhysicalMachine::Chip& chip : machine_.chips) {
      const auto [tray, is_new] = trays.emplace(chip.tray, std::pair{chip.location, chip.location});
      tray->second.first = std::min(tray->second.first, chip.location);
      tray->second.second = std::max(tray->second.second, chip.location);
    }
    std::string text;
    for (const auto& [tray, locations] : trays) {
      text += (text.empty() ? "tray " : ", tray ") + std::to_string(tray) + " with locs " +
              std::to_string(locations.first) + " to " + std::to_string(locations.second);
    }
    return text;
  }

  void restrict(const Pinning& pinning, ChipId chip, const std::vector<int>& places) {
    std::vector<int>& known = embedding_.places[static_cast<std::size_t>(chip)];
    if (known.empty()) {
      known = places;
      return;
    }
    std::vector<int> common;
    std::set_intersection(known.begin(), known.end(), places.begin(), places.end(),
                          std::back_inserter(common));
    if (common.empty()) {
      const MeshDescription& mesh = topology_.mesh_of(chip);
      report(pinning, "Fabric node " + std::to_string(chip - mesh.first_chip) + " in mesh " +
                          std::to_string(mesh.id) + " is pinned to multiple ASIC positions");
    } else {
      known = std::move(common);
    }
  }

  [[noreturn]] void explain(const Embedding& found) const {
    const MeshDescription& mesh = topology_.mesh_of(found.stuck);
    std::string text = found.outcome == Embedding::Outcome::GaveUp
                           ? "the search for an arrangement gave up; pinnings would narrow it"
                           : "no arrangement has all links";
    text += ": of " + std::to_string(embedding_.places.size()) + " chips, " +
            std::to_string(found.most_placed) + " found a place in " + machine_name() + " (" +
            std::to_string(machine_.chips.size()) + " chips), and there was none for chip " +
            std::to_string(found.stuck - mesh.first_chip) + " of " + title(mesh);
    if (!request_.pinnings.empty()) text += "; the pinnings may be what prevents it";
    refuse(text);
  }

  const Topology& topology_;
  const MachineRequest& request_;
  const PhysicalMachine& machine_;
  EmbeddingRequest embedding_;
  std::map<std::pair<ChipId, ChipId>, int> channels_;  ///< Needed between two chips.
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<int> map_onto_machine(const ParsedTopology& parsed, const PhysicalMachine& machine) {
  return Mapping(parsed, machine).run();
}

}  // namespace ttmesh::mesh
