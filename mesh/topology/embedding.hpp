#pragma once

#include <cstdint>
#include <vector>

namespace ttmesh::mesh {

/// Who is joined to whom, by how many channels.
struct ChannelGraph {
  struct Link {
    int to;
    int channels;
  };

  std::vector<std::vector<Link>> links;  ///< By chip; of each, ascending by `to`.

  std::size_t size() const { return links.size(); }
  /// Channels between two chips; 0 if they are not joined.
  int channels_between(int a, int b) const;
};

/// A graph that is looked for in a machine. Its own chips are called nodes.
struct EmbeddingRequest {
  /// Nodes `[first, last)`.
  struct Range {
    int first;
    int last;

    bool contains(int node) const { return node >= first && node < last; }
  };
  /// Channels that two sets of nodes need between them, whichever nodes end them.
  struct Bundle {
    Range a;
    Range b;
    int channels;
  };

  ChannelGraph graph;                    ///< Joined nodes and the channels that they need at least.
  std::vector<int> rank;                 ///< By node: those of low rank are placed first.
  std::vector<int> host;                 ///< By node: those of one host stay on one machine host.
  std::vector<std::vector<int>> places;  ///< By node: chips that it may take, ascending; none: any.
  std::vector<Bundle> bundles;
};

/// What became of a search.
struct Embedding {
  enum class Outcome : std::uint8_t { Found, Impossible, GaveUp };

  Outcome outcome = Outcome::Impossible;
  std::vector<int> chips;  ///< By node, if found: the chip that it takes, each its own.
  int most_placed = 0;     ///< Nodes of the longest attempt.
  int stuck = 0;           ///< Node for which that attempt had no chip.
};

/// Looks for the request in a machine, whose chips belong to the hosts in `host_of`. It needs as
/// many chips as nodes at least. The answer depends on the arguments alone: nodes are placed next
/// to those that are placed already, each on the chip with the fewest free neighbours first, and a
/// search that does not end within a bounded number of steps gives up.
[[nodiscard]] Embedding embed(const ChannelGraph& machine, const std::vector<int>& host_of,
                              const EmbeddingRequest& request);

}  // namespace ttmesh::mesh
