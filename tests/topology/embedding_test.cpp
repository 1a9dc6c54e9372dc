#include "mesh/topology/embedding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {
namespace {

using Outcome = Embedding::Outcome;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

ChannelGraph graph_of(const MeshDescription& mesh, const std::vector<int>& name) {
  ChannelGraph graph;
  graph.links.resize(at(mesh.shape.size()));
  for (const Edge& edge : neighbour_edges(mesh)) {
    const int a = name[at(edge.a)];
    const int b = name[at(edge.b)];
    graph.links[at(a)].push_back({b, edge.channels});
    graph.links[at(b)].push_back({a, edge.channels});
  }
  for (auto& links : graph.links) {
    std::sort(links.begin(), links.end(), [](const auto& x, const auto& y) { return x.to < y.to; });
  }
  return graph;
}

std::vector<int> identity(int count) {
  std::vector<int> name(at(count));
  std::iota(name.begin(), name.end(), 0);
  return name;
}

std::vector<int> shuffled(int count, unsigned seed) {
  std::vector<int> name = identity(count);
  std::mt19937 random(seed);
  std::shuffle(name.begin(), name.end(), random);
  return name;
}

/// Nodes of a grid, from a corner in growing squares.
EmbeddingRequest request_of(const MeshDescription& mesh) {
  EmbeddingRequest request;
  request.graph = graph_of(mesh, identity(mesh.shape.size()));
  for (int node = 0; node < mesh.shape.size(); ++node) {
    const Coordinate cell = mesh.coordinate(node);
    request.rank.push_back(std::max(cell.row, cell.col));
  }
  request.host.assign(request.graph.size(), 0);
  request.places.resize(request.graph.size());
  return request;
}

void expect_valid(const ChannelGraph& machine, const EmbeddingRequest& request,
                  const Embedding& found) {
  ASSERT_EQ(found.outcome, Outcome::Found);
  const std::set<int> used(found.chips.begin(), found.chips.end());
  ASSERT_EQ(used.size(), request.graph.size());
  for (std::size_t node = 0; node < request.graph.size(); ++node) {
    for (const ChannelGraph::Link& link : request.graph.links[node]) {
      EXPECT_GE(machine.channels_between(found.chips[node], found.chips[at(link.to)]),
                link.channels);
    }
  }
}

constexpr DimType kLine = DimType::Line;
constexpr DimType kRing = DimType::Ring;

struct Case {
  MeshDescription wanted;
  MeshDescription machine;
};

MeshDescription grid(int rows, int cols, DimType y, DimType x) {
  return {.shape = {rows, cols}, .dim_types = {y, x}};
}

class EmbedGrid : public testing::TestWithParam<Case> {};

TEST_P(EmbedGrid, FindsItUnderAnyNumbering) {
  const auto& [wanted, machine] = GetParam();
  for (unsigned seed = 0; seed < 4; ++seed) {
    const ChannelGraph graph = graph_of(
        machine, seed == 0 ? identity(machine.shape.size()) : shuffled(machine.shape.size(), seed));
    const EmbeddingRequest request = request_of(wanted);
    const std::vector<int> hosts(graph.size(), 0);
    expect_valid(graph, request, embed(graph, hosts, request));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Grids, EmbedGrid,
    testing::Values(Case{grid(8, 4, kRing, kRing), grid(8, 4, kRing, kRing)},
                    Case{grid(4, 8, kLine, kLine), grid(8, 4, kRing, kRing)},
                    Case{grid(4, 4, kLine, kLine), grid(8, 4, kLine, kLine)},
                    Case{grid(2, 4, kLine, kLine), grid(8, 4, kRing, kRing)},
                    Case{grid(1, 8, kLine, kLine), grid(2, 4, kLine, kLine)},
                    Case{grid(1, 8, kLine, kRing), grid(2, 4, kLine, kLine)},
                    Case{grid(1, 32, kLine, kLine), grid(8, 4, kLine, kLine)},
                    Case{grid(1, 32, kLine, kRing), grid(8, 4, kLine, kLine)},
                    Case{grid(1, 32, kLine, kRing), grid(8, 4, kRing, kRing)},
                    Case{grid(1, 16, kLine, kRing), grid(4, 4, kRing, kRing)},
                    Case{grid(32, 4, kRing, kRing), grid(32, 4, kRing, kRing)},
                    Case{grid(36, 32, kRing, kRing), grid(36, 32, kRing, kRing)},
                    Case{grid(64, 8, kLine, kLine), grid(64, 8, kLine, kRing)},
                    Case{grid(16, 4, kLine, kRing), grid(32, 4, kRing, kRing)}));

TEST(Embed, ProvesThatThereIsNone) {
  const MeshDescription machine = grid(8, 4, kLine, kLine);
  const ChannelGraph graph = graph_of(machine, identity(32));
  const std::vector<int> hosts(32, 0);
  EXPECT_EQ(embed(graph, hosts, request_of(grid(8, 4, kRing, kLine))).outcome, Outcome::Impossible);
  EXPECT_EQ(embed(graph, hosts, request_of(grid(5, 5, kLine, kLine))).outcome, Outcome::Impossible);
}

TEST(Embed, NeedsTheChannelsOfEveryPair) {
  MeshDescription machine = grid(2, 2, kLine, kLine);
  machine.channels = 2;
  MeshDescription wanted = machine;
  const ChannelGraph graph = graph_of(machine, identity(4));
  const std::vector<int> hosts(4, 0);
  EXPECT_EQ(embed(graph, hosts, request_of(wanted)).outcome, Outcome::Found);
  wanted.channels = 3;
  const Embedding none = embed(graph, hosts, request_of(wanted));
  EXPECT_EQ(none.outcome, Outcome::Impossible);
  EXPECT_EQ(none.most_placed, 1);
}

TEST(Embed, KeepsToTheStatedPlaces) {
  const ChannelGraph graph = graph_of(grid(8, 4, kRing, kRing), identity(32));
  const std::vector<int> hosts(32, 0);
  EmbeddingRequest request = request_of(grid(2, 2, kLine, kLine));
  request.places[0] = {17};
  request.places[3] = {13, 22};
  const Embedding found = embed(graph, hosts, request);
  expect_valid(graph, request, found);
  EXPECT_EQ(found.chips[0], 17);
  EXPECT_EQ(found.chips[3], 22);
}

TEST(Embed, KeepsNodesOfOneHostTogether) {
  // A line of 8 chips, four on each of two hosts.
  const ChannelGraph graph = graph_of(grid(1, 8, kLine, kLine), identity(8));
  const std::vector<int> hosts{0, 0, 0, 0, 1, 1, 1, 1};
  EmbeddingRequest request = request_of(grid(1, 6, kLine, kLine));
  request.host = {0, 0, 0, 1, 1, 1};
  const Embedding found = embed(graph, hosts, request);
  ASSERT_EQ(found.outcome, Outcome::Found);
  EXPECT_THAT(found.chips, testing::AnyOf(testing::ElementsAre(1, 2, 3, 4, 5, 6),
                                          testing::ElementsAre(6, 5, 4, 3, 2, 1)));
  request.host = {0, 0, 0, 0, 0, 1};
  EXPECT_EQ(embed(graph, hosts, request).outcome, Outcome::Impossible);
}

TEST(Embed, JoinsSetsOfNodesByEnoughChannels) {
  // Two squares in a ladder of eight rungs: they must touch along a side.
  const ChannelGraph graph = graph_of(grid(8, 2, kLine, kLine), identity(16));
  const std::vector<int> hosts(16, 0);
  EmbeddingRequest request = request_of(grid(2, 2, kLine, kLine));
  EmbeddingRequest both = request;
  for (const auto& links : request.graph.links) {
    auto moved = links;
    for (ChannelGraph::Link& link : moved) link.to += 4;
    both.graph.links.push_back(moved);
  }
  both.rank.insert(both.rank.end(), {4, 5, 5, 5});
  both.host.assign(8, 0);
  both.places.resize(8);
  both.bundles = {{{0, 4}, {4, 8}, 2}};
  const Embedding found = embed(graph, hosts, both);
  expect_valid(graph, both, found);
  int channels = 0;
  for (int a = 0; a < 4; ++a) {
    for (int b = 4; b < 8; ++b) {
      channels += graph.channels_between(found.chips[at(a)], found.chips[at(b)]);
    }
  }
  EXPECT_EQ(channels, 2);
  both.bundles[0].channels = 3;
  EXPECT_EQ(embed(graph, hosts, both).outcome, Outcome::Impossible);
}

TEST(Embed, GivesUpInBoundedTime) {
  // A ring through all chips of a grid with an odd count of them, which cannot be: black and white
  // cells alternate along it.
  const ChannelGraph graph = graph_of(grid(9, 9, kLine, kLine), identity(81));
  const std::vector<int> hosts(81, 0);
  EXPECT_EQ(embed(graph, hosts, request_of(grid(1, 81, kLine, kRing))).outcome, Outcome::GaveUp);
}

}  // namespace
}  // namespace ttmesh::mesh
