#include "mesh/topology/grid_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <tuple>
#include <vector>

namespace ttmesh::mesh {
namespace {

using Pairs = std::vector<std::pair<int, int>>;

LinkGraph graph_of(int chips, const Pairs& pairs) {
  LinkGraph graph{std::vector<std::vector<int>>(static_cast<std::size_t>(chips))};
  for (const auto& [a, b] : pairs) {
    graph.neighbours[static_cast<std::size_t>(a)].push_back(b);
    graph.neighbours[static_cast<std::size_t>(b)].push_back(a);
  }
  for (auto& neighbours : graph.neighbours) std::sort(neighbours.begin(), neighbours.end());
  return graph;
}

/// The links of a mesh, with its chips renamed by `name`.
LinkGraph shuffled(const MeshDescription& mesh, const std::vector<int>& name) {
  Pairs pairs;
  for (const Edge& edge : neighbour_edges(mesh)) {
    pairs.emplace_back(name[static_cast<std::size_t>(edge.a)],
                       name[static_cast<std::size_t>(edge.b)]);
  }
  return graph_of(mesh.shape.size(), pairs);
}

class GridSearch : public testing::TestWithParam<std::tuple<int, int, DimType, DimType>> {};

TEST_P(GridSearch, FindsTheGridUnderAnyNumbering) {
  const auto [rows, cols, y, x] = GetParam();
  const MeshDescription mesh{.shape = {rows, cols}, .dim_types = {y, x}};
  std::vector<int> name(static_cast<std::size_t>(mesh.shape.size()));
  std::iota(name.begin(), name.end(), 0);
  std::mt19937 random(17);
  for (int round = 0; round < 3; ++round) {
    const LinkGraph graph = shuffled(mesh, name);
    const auto grid = find_grid(graph, {});
    ASSERT_TRUE(grid.has_value());
    const MeshDescription found{.shape = grid->shape, .dim_types = grid->dim_types};
    EXPECT_EQ(shuffled(found, grid->chips).neighbours, graph.neighbours);
    std::shuffle(name.begin(), name.end(), random);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GridSearch,
                         testing::Combine(testing::Values(1, 2, 3, 4, 8),
                                          testing::Values(1, 2, 3, 4, 5, 8),
                                          testing::Values(DimType::Line, DimType::Ring),
                                          testing::Values(DimType::Line, DimType::Ring)));

INSTANTIATE_TEST_SUITE_P(Large, GridSearch,
                         testing::Combine(testing::Values(32), testing::Values(36),
                                          testing::Values(DimType::Line, DimType::Ring),
                                          testing::Values(DimType::Line, DimType::Ring)));

INSTANTIATE_TEST_SUITE_P(Long, GridSearch,
                         testing::Combine(testing::Values(144), testing::Values(8),
                                          testing::Values(DimType::Line, DimType::Ring),
                                          testing::Values(DimType::Line, DimType::Ring)));

TEST(FindGrid, TriesPreferredShapesFirst) {
  const MeshDescription mesh{.shape = {4, 8}};
  std::vector<int> name(32);
  std::iota(name.begin(), name.end(), 0);
  EXPECT_EQ(find_grid(shuffled(mesh, name), {{4, 8}})->shape, (MeshShape{4, 8}));
  EXPECT_EQ(find_grid(shuffled(mesh, name), {})->shape, (MeshShape{8, 4}));
}

TEST(FindGrid, TakesASquareForAMeshRatherThanARing) {
  const auto grid = find_grid(graph_of(4, {{0, 1}, {1, 2}, {2, 3}, {3, 0}}), {});
  EXPECT_EQ(grid->shape, (MeshShape{2, 2}));
}

TEST(FindGrid, PutsTheFirstChipInACorner) {
  const MeshDescription mesh{.shape = {3, 3}};
  std::vector<int> name(9);
  std::iota(name.begin(), name.end(), 0);
  EXPECT_EQ(find_grid(shuffled(mesh, name), {})->chips.front(), 0);
}

TEST(FindGrid, FindsNoneInOtherGraphs) {
  EXPECT_FALSE(find_grid(graph_of(4, {{0, 1}, {0, 2}, {0, 3}}), {}));  // A star.
  EXPECT_FALSE(find_grid(graph_of(4, {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}}), {}));
  EXPECT_FALSE(
      find_grid(graph_of(6, {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {3, 4}, {4, 5}, {5, 3}}), {}));
  // A ladder with its ends crossed: a Moebius strip of 8, which has a torus' degrees.
  Pairs moebius;
  for (int i = 0; i < 8; ++i) moebius.emplace_back(i, (i + 1) % 8);
  for (int i = 0; i < 4; ++i) moebius.emplace_back(i, i + 4);
  EXPECT_FALSE(find_grid(graph_of(8, moebius), {}));
}

/// The links of an 8x4 torus and chords in each column between rows 1 and 6, and 2 and 5: the Z
/// cables of a Galaxy.
Pairs torus_with_chords() {
  const MeshDescription torus{.shape = {8, 4}, .dim_types = {DimType::Ring, DimType::Ring}};
  Pairs pairs;
  for (const Edge& edge : neighbour_edges(torus)) pairs.emplace_back(edge.a, edge.b);
  for (int col = 0; col < 4; ++col) {
    pairs.emplace_back(4 + col, 24 + col);
    pairs.emplace_back(8 + col, 20 + col);
  }
  return pairs;
}

LinkGraph renamed(const Pairs& pairs, const std::vector<int>& name) {
  Pairs result;
  for (const auto& [a, b] : pairs) {
    result.emplace_back(name[static_cast<std::size_t>(a)], name[static_cast<std::size_t>(b)]);
  }
  return graph_of(static_cast<int>(name.size()), result);
}

TEST(FindGrid, FindsATorusUnderChords) {
  std::vector<int> name(32);
  std::iota(name.begin(), name.end(), 0);
  std::mt19937 random(3);
  for (int round = 0; round < 8; ++round) {
    const LinkGraph graph = renamed(torus_with_chords(), name);
    const auto grid = find_grid(graph, {{8, 4}});
    ASSERT_TRUE(grid.has_value());
    EXPECT_EQ(grid->shape, (MeshShape{8, 4}));
    EXPECT_EQ(grid->dim_types, (std::array{DimType::Ring, DimType::Ring}));
    const MeshDescription found{.shape = grid->shape, .dim_types = grid->dim_types};
    const LinkGraph torus = shuffled(found, grid->chips);
    for (std::size_t chip = 0; chip < graph.size(); ++chip) {
      const auto& all = graph.neighbours[chip];
      EXPECT_TRUE(std::includes(all.begin(), all.end(), torus.neighbours[chip].begin(),
                                torus.neighbours[chip].end()));
      EXPECT_LE(all.size(), torus.neighbours[chip].size() + 1);
    }
    std::shuffle(name.begin(), name.end(), random);
  }
}

TEST(FindGrid, LooksUnderChordsForPreferredShapesOnly) {
  std::vector<int> name(32);
  std::iota(name.begin(), name.end(), 0);
  EXPECT_FALSE(find_grid(renamed(torus_with_chords(), name), {}));
  EXPECT_FALSE(find_grid(renamed(torus_with_chords(), name), {{16, 2}}));
}

TEST(FindGrid, AllowsOneChordAChip) {
  Pairs pairs = torus_with_chords();
  std::vector<int> name(32);
  std::iota(name.begin(), name.end(), 0);
  pairs.emplace_back(4, 14);
  EXPECT_FALSE(find_grid(renamed(pairs, name), {{8, 4}}));
}

TEST(FindGrid, GivesUpOnRegularGraphsInBoundedTime) {
  // Every chip joined to four others at distances that form no torus.
  constexpr int kChips = 1'152;
  Pairs pairs;
  for (int i = 0; i < kChips; ++i) {
    pairs.emplace_back(i, (i + 1) % kChips);
    pairs.emplace_back(i, (i + 7) % kChips);
  }
  EXPECT_FALSE(find_grid(graph_of(kChips, pairs), {}));
}

}  // namespace
}  // namespace ttmesh::mesh
