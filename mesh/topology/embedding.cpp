#include "mesh/topology/embedding.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace ttmesh::mesh {
namespace {

/// Attempts to put a node on a chip, of one search: some for small graphs, more for each node.
constexpr std::int64_t kSteps = 2'000'000;
constexpr std::int64_t kStepsPerNode = 1'000;

constexpr int kNone = -1;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

/// Nodes in the order in which they are placed: always one with the most placed neighbours, so that
/// mistakes show early; among those, one with few places to choose from, then by rank.
std::vector<int> order_of(const EmbeddingRequest& request) {
  const auto choices = [&request](int node) {
    const std::size_t count = request.places[at(node)].size();
    return count == 0 ? std::numeric_limits<std::size_t>::max() : count;
  };
  using Entry = std::tuple<int, std::size_t, int, int>;
  std::vector<int> placed(request.graph.size(), 0);
  const auto entry = [&](int node) {
    return Entry{-placed[at(node)], choices(node), request.rank[at(node)], node};
  };
  std::set<Entry> waiting;
  for (int node = 0; node < static_cast<int>(placed.size()); ++node) waiting.insert(entry(node));
  std::vector<int> order;
  while (!waiting.empty()) {
    const int node = std::get<3>(*waiting.begin());
    waiting.erase(waiting.begin());
    order.push_back(node);
    for (const ChannelGraph::Link& link : request.graph.links[at(node)]) {
      const auto found = waiting.find(entry(link.to));
      if (found == waiting.end()) continue;
      waiting.erase(found);
      ++placed[at(link.to)];
      waiting.insert(entry(link.to));
    }
  }
  return order;
}

/// Depth-first. `chip_of_` and `node_of_` are the attempt. `open_` counts each node's neighbours
/// that are not placed yet, `free_` each chip's neighbours that are not taken: a placed node whose
/// chip has fewer free neighbours than the node has open ones ends the attempt.
class Search {
 public:
  Search(const ChannelGraph& machine, const std::vector<int>& host_of,
         const EmbeddingRequest& request)
      : machine_(machine),
        host_of_(host_of),
        request_(request),
        order_(order_of(request)),
        chip_of_(request.graph.size(), kNone),
        node_of_(machine.size(), kNone) {
    for (const auto& links : request.graph.links) {
      open_.push_back(static_cast<int>(links.size()));
      fewest_links_ = std::min(fewest_links_, open_.back());
    }
    for (const auto& links : machine.links) free_.push_back(static_cast<int>(links.size()));
    sides_of_.resize(request.graph.size());
    add_sides();
  }

  Embedding run() {
    Embedding result;
    std::int64_t steps = kSteps + kStepsPerNode * static_cast<std::int64_t>(order_.size());
    std::vector<std::vector<int>> candidates(order_.size() + 1);
    std::size_t depth = 0;
    if (!order_.empty()) candidates[0] = candidates_for(order_[0]);
    while (depth < order_.size()) {
      const int node = order_[depth];
      if (static_cast<int>(depth) >= result.most_placed) {
        result.most_placed = static_cast<int>(depth);
        result.stuck = node;
      }
      if (candidates[depth].empty()) {
        if (depth == 0) return result;
        take_back(order_[--depth]);
        continue;
      }
      if (--steps < 0) {
        result.outcome = Embedding::Outcome::GaveUp;
        return result;
      }
      const int chip = candidates[depth].back();
      candidates[depth].pop_back();
      if (!place(node, chip)) continue;
      if (++depth < order_.size()) candidates[depth] = candidates_for(order_[depth]);
    }
    result.outcome = Embedding::Outcome::Found;
    result.chips = chip_of_;
    return result;
  }

 private:
  /// One of the two sets of nodes of a bundle, and how many of them are placed.
  struct Side {
    EmbeddingRequest::Range nodes;
    EmbeddingRequest::Range others;  ///< Those of the other set, the side next to it.
    int channels;
    int placed = 0;

    bool complete() const { return placed == nodes.last - nodes.first; }
  };

  void add_sides() {
    for (const EmbeddingRequest::Bundle& bundle : request_.bundles) {
      for (const auto& [nodes, others] :
           {std::pair(bundle.a, bundle.b), std::pair(bundle.b, bundle.a)}) {
        for (int node = nodes.first; node < nodes.last; ++node) {
          sides_of_[at(node)].push_back(sides_.size());
        }
        sides_.push_back({nodes, others, bundle.channels});
      }
    }
  }

  /// Chips that `node` may take, the best last.
  std::vector<int> candidates_for(int node) const {
    const int anchor = narrowest_neighbour(node);
    std::vector<int> chips;
    const auto add = [&](int chip) {
      if (fits(node, chip)) chips.push_back(chip);
    };
    if (anchor != kNone) {
      for (const ChannelGraph::Link& link : machine_.links[at(anchor)]) add(link.to);
    } else if (!request_.places[at(node)].empty()) {
      for (const int chip : request_.places[at(node)]) add(chip);
    } else {
      for (int chip = 0; chip < static_cast<int>(machine_.size()); ++chip) add(chip);
    }
    std::vector<std::tuple<int, int, int>> worst_first;
    for (const int chip : chips) {
      worst_first.emplace_back(anchor == kNone ? bundle_channels(node, chip) : 0, -free_[at(chip)],
                               -chip);
    }
    std::sort(worst_first.begin(), worst_first.end());
    for (std::size_t i = 0; i < chips.size(); ++i) chips[i] = -std::get<2>(worst_first[i]);
    return chips;
  }

  /// Channels that a chip would add to the node's bundles.
  int bundle_channels(int node, int chip) const {
    int channels = 0;
    for (const std::size_t side : sides_of_[at(node)]) {
      for (const ChannelGraph::Link& link : machine_.links[at(chip)]) {
        const int other = node_of_[at(link.to)];
        if (other != kNone && sides_[side].others.contains(other)) channels += link.channels;
      }
    }
    return channels;
  }

  /// Of the chips that the node must be joined to, that with the fewest links.
  int narrowest_neighbour(int node) const {
    int best = kNone;
    for (const ChannelGraph::Link& link : request_.graph.links[at(node)]) {
      const int chip = chip_of_[at(link.to)];
      if (chip == kNone) continue;
      if (best == kNone || machine_.links[at(chip)].size() < machine_.links[at(best)].size()) {
        best = chip;
      }
    }
    return best;
  }

  bool fits(int node, int chip) const {
    if (node_of_[at(chip)] != kNone || free_[at(chip)] < open_[at(node)]) return false;
    const std::vector<int>& places = request_.places[at(node)];
    if (!places.empty() && !std::binary_search(places.begin(), places.end(), chip)) return false;
    const auto host = machine_host_.find(request_.host[at(node)]);
    if (host != machine_host_.end() && host->second.first != host_of_[at(chip)]) return false;
    const auto& links = request_.graph.links[at(node)];
    return std::all_of(links.begin(), links.end(), [&](const ChannelGraph::Link& link) {
      const int other = chip_of_[at(link.to)];
      return other == kNone || machine_.channels_between(chip, other) >= link.channels;
    });
  }

  /// Puts the node on the chip, unless that leaves something impossible.
  bool place(int node, int chip) {
    chip_of_[at(node)] = chip;
    node_of_[at(chip)] = node;
    auto& [host, count] = machine_host_[request_.host[at(node)]];
    host = host_of_[at(chip)];
    ++count;
    for (const ChannelGraph::Link& link : request_.graph.links[at(node)]) --open_[at(link.to)];
    for (const ChannelGraph::Link& link : machine_.links[at(chip)]) --free_[at(link.to)];
    for (const std::size_t side : sides_of_[at(node)]) ++sides_[side].placed;
    if (leaves_room(chip) && bundles_hold(node, chip)) return true;
    take_back(node);
    return false;
  }

  void take_back(int node) {
    const int chip = chip_of_[at(node)];
    chip_of_[at(node)] = kNone;
    node_of_[at(chip)] = kNone;
    const auto host = machine_host_.find(request_.host[at(node)]);
    if (--host->second.second == 0) machine_host_.erase(host);
    for (const std::size_t side : sides_of_[at(node)]) --sides_[side].placed;
    for (const ChannelGraph::Link& link : request_.graph.links[at(node)]) ++open_[at(link.to)];
    for (const ChannelGraph::Link& link : machine_.links[at(chip)]) ++free_[at(link.to)];
  }

  bool leaves_room(int chip) const {
    const bool every_chip_is_needed = request_.graph.size() == machine_.size();
    const auto& links = machine_.links[at(chip)];
    return std::all_of(links.begin(), links.end(), [&](const ChannelGraph::Link& link) {
      const int node = node_of_[at(link.to)];
      if (node != kNone) return free_[at(link.to)] >= open_[at(node)];
      return !every_chip_is_needed || reachable_neighbours(link.to) >= fewest_links_;
    });
  }

  /// Neighbours of a free chip that a node on it could still be joined to.
  int reachable_neighbours(int chip) const {
    const auto& links = machine_.links[at(chip)];
    return static_cast<int>(
        std::count_if(links.begin(), links.end(), [this](const ChannelGraph::Link& link) {
          const int node = node_of_[at(link.to)];
          return node == kNone || open_[at(node)] > 0;
        }));
  }

  /// True if the bundles that the placement bears on, those of the node and of its neighbours on
  /// the machine, have their channels or can still get them.
  bool bundles_hold(int node, int chip) const {
    if (sides_.empty()) return true;
    const auto hold = [this](int each) {
      const auto& sides = sides_of_[at(each)];
      return std::all_of(sides.begin(), sides.end(),
                         [this](std::size_t side) { return can_hold(side); });
    };
    const auto& links = machine_.links[at(chip)];
    return hold(node) && std::all_of(links.begin(), links.end(), [&](const auto& link) {
             const int other = node_of_[at(link.to)];
             return other == kNone || hold(other);
           });
  }

  /// Once all nodes of the side are placed, they need channels to the others, or to free chips
  /// where others may still come.
  bool can_hold(std::size_t position) const {
    const Side& side = sides_[position];
    if (!side.complete()) return true;
    const bool others_may_come = !sides_[position ^ 1].complete();
    int channels = 0;
    for (int node = side.nodes.first; node < side.nodes.last; ++node) {
      for (const ChannelGraph::Link& link : machine_.links[at(chip_of_[at(node)])]) {
        const int other = node_of_[at(link.to)];
        const bool counts = other == kNone ? others_may_come : side.others.contains(other);
        if (counts) channels += link.channels;
      }
      if (channels >= side.channels) return true;
    }
    return false;
  }

  const ChannelGraph& machine_;
  const std::vector<int>& host_of_;
  const EmbeddingRequest& request_;
  std::vector<int> order_;
  std::vector<int> chip_of_;
  std::vector<int> node_of_;
  std::vector<int> open_;
  std::vector<int> free_;
  std::map<int, std::pair<int, int>> machine_host_;  ///< By host: where it is, by how many nodes.
  std::vector<Side> sides_;
  std::vector<std::vector<std::size_t>> sides_of_;  ///< By node: positions in `sides_`.
  int fewest_links_ = std::numeric_limits<int>::max();
};

}  // namespace

int ChannelGraph::channels_between(int a, int b) const {
  const auto& from = links[at(a)];
  const auto found = std::lower_bound(from.begin(), from.end(), b,
                                      [](const Link& link, int to) { return link.to < to; });
  return found != from.end() && found->to == b ? found->channels : 0;
}

Embedding embed(const ChannelGraph& machine, const std::vector<int>& host_of,
                const EmbeddingRequest& request) {
  return Search(machine, host_of, request).run();
}

}  // namespace ttmesh::mesh
