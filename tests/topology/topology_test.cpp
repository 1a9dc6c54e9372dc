#include "mesh/topology/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/mesh_shape.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Topology one_mesh(const MeshDescription& mesh) {
  Topology topology;
  topology.name = "test";
  topology.set_edges(neighbour_edges(mesh));
  topology.meshes.push_back(mesh);
  return topology;
}

TEST(MeshShape, ParsesWhatItPrints) {
  EXPECT_EQ(parse_mesh_shape("4x8"), (MeshShape{4, 8}));
  EXPECT_EQ(to_string(MeshShape{4, 8}), "4x8");
  EXPECT_EQ(parse_mesh_shape("4096x1"), (MeshShape{4096, 1}));
}

TEST(MeshShape, RejectsWhatIsNoShape) {
  for (const char* text : {"", "x", "4", "4x", "x8", "0x8", "4x4097", "-4x8", "4x8 ", "4 x8",
                           "4x8x2", "+4x8", "99999999999x1"}) {
    EXPECT_THROW((void)parse_mesh_shape(text), std::invalid_argument) << text;
  }
}

/// Neighbour pairs in closed form: C (R - 1 + [Y and R >= 3]) + R (C - 1 + [X and C >= 3]).
class NeighbourPairs : public testing::TestWithParam<std::tuple<int, int, DimType, DimType>> {};

TEST_P(NeighbourPairs, FollowTheClosedForm) {
  const auto [rows, cols, y, x] = GetParam();
  const MeshDescription mesh{.shape = {rows, cols}, .dim_types = {y, x}, .channels = 3};
  const int wrap_y = y == DimType::Ring && rows >= 3 ? 1 : 0;
  const int wrap_x = x == DimType::Ring && cols >= 3 ? 1 : 0;
  const std::vector<Edge> edges = neighbour_edges(mesh);
  EXPECT_EQ(edges.size(),
            static_cast<std::size_t>(cols * (rows - 1 + wrap_y) + rows * (cols - 1 + wrap_x)));
  for (const Edge& edge : edges) {
    EXPECT_LT(edge.a, edge.b);
    EXPECT_EQ(edge.channels, 3);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, NeighbourPairs,
                         testing::Combine(testing::Values(1, 2, 3, 4, 8),
                                          testing::Values(1, 2, 3, 8),
                                          testing::Values(DimType::Line, DimType::Ring),
                                          testing::Values(DimType::Line, DimType::Ring)));

TEST(Topology, NeighboursAgreeWithAScanOfAllEdges) {
  const Topology topology = load_topology("galaxy:8x4:ring");
  for (ChipId chip = 0; chip < topology.chip_count(); ++chip) {
    std::vector<ChipId> expected;
    for (ChipId other = 0; other < topology.chip_count(); ++other) {
      const bool joined =
          std::any_of(topology.edges.begin(), topology.edges.end(), [&](auto& edge) {
            return (edge.a == chip && edge.b == other) || (edge.b == chip && edge.a == other);
          });
      EXPECT_EQ(topology.channels_between(chip, other), joined ? 4 : 0);
      if (joined) expected.push_back(other);
    }
    EXPECT_EQ(topology.neighbours(chip), expected);
  }
}

TEST(Topology, AnswersWithoutAnIndexToo) {
  Topology topology = one_mesh({.shape = {2, 2}});
  topology.edges_by_b.clear();
  EXPECT_THAT(topology.neighbours(3), ElementsAre(1, 2));
}

TEST(Topology, AddsTheChannelsOfParallelLinks) {
  Topology topology = one_mesh({.shape = {1, 2}, .channels = 2});
  topology.set_edges({{0, 1, 2}, {0, 1, 3, Edge::Kind::Express}});
  EXPECT_EQ(topology.channels_between(1, 0), 5);
  EXPECT_THAT(topology.neighbours(0), ElementsAre(1));
}

TEST(Topology, GivesEachHostARectangle) {
  const Topology topology = one_mesh({.shape = {8, 4}, .host_shape = {2, 2}});
  EXPECT_EQ(topology.host_count(), 4);
  std::vector<ChipId> first;
  for (ChipId chip = 0; chip < 32; ++chip) {
    if (topology.host_of(chip) == 0) first.push_back(chip);
  }
  EXPECT_THAT(first, ElementsAre(0, 1, 4, 5, 8, 9, 12, 13));
  EXPECT_EQ(topology.host_of(31), 3);
}

TEST(Topology, CountsHostsMeshAfterMesh) {
  Topology topology = one_mesh({.shape = {2, 2}, .host_shape = {1, 2}});
  topology.meshes.push_back({.id = 1, .shape = {1, 1}, .first_chip = 4});
  EXPECT_EQ(topology.host_of(3), 1);
  EXPECT_EQ(topology.host_of(4), 2);
  EXPECT_EQ(topology.mesh_of(4).id, 1);
  EXPECT_THROW((void)topology.mesh_of(5), std::invalid_argument);
  EXPECT_THROW((void)topology.mesh_of(-1), std::invalid_argument);
}

TEST(SelectMesh, TakesTheOnlyMeshWithSeveralChips) {
  Topology topology = one_mesh({.shape = {1, 1}});
  EXPECT_EQ(select_mesh(topology, {}).id, 0);
  topology.meshes.push_back({.id = 1, .shape = {2, 2}, .first_chip = 1});
  topology.meshes.push_back({.id = 2, .shape = {2, 2}, .first_chip = 5, .is_switch = true});
  EXPECT_EQ(select_mesh(topology, {}).id, 1);
  EXPECT_EQ(select_mesh(topology, 0).id, 0);
}

TEST(SelectMesh, ListsTheMeshesIfItCannotChoose) {
  Topology topology = one_mesh({.shape = {2, 4}});
  topology.meshes.push_back({.id = 1, .shape = {2, 2}, .first_chip = 8});
  EXPECT_THAT([&] { (void)select_mesh(topology, {}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("0 (2x4), 1 (2x2)")));
  EXPECT_THAT([&] { (void)select_mesh(topology, 7); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("no mesh with id 7")));
}

TEST(SelectMesh, RefusesSwitchesAndGraphs) {
  Topology topology = one_mesh({.shape = {1, 5}, .is_grid = false});
  EXPECT_THROW((void)select_mesh(topology, {}), std::invalid_argument);
  topology.meshes[0].is_grid = true;
  topology.meshes[0].is_switch = true;
  EXPECT_THROW((void)select_mesh(topology, 0), std::invalid_argument);
}

TEST(Problem, PrintsWhatIsKnown) {
  EXPECT_EQ(to_string(Problem{"f.yaml", 3, "mesh.shape", "is wrong"}),
            "f.yaml:3: mesh.shape: is wrong");
  EXPECT_EQ(to_string(Problem{"f.yaml", 0, "", "is wrong"}), "f.yaml: is wrong");
}

TEST(Problem, KeepsControlCharactersFromTheTerminal) {
  EXPECT_EQ(to_string(Problem{"f", 1, "", "a\x1b[2Jb\nc"}), "f:1: a?[2Jb?c");
  EXPECT_LT(to_string(Problem{"f", 1, "", std::string(100'000, 'x')}).size(), 1'100U);
}

}  // namespace
}  // namespace ttmesh::mesh
