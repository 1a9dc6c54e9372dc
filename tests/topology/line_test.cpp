#include "mesh/topology/line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

MeshView whole(const Topology& topology) {
  return {topology.meshes[0].id, {0, 0}, topology.meshes[0].shape};
}

TEST(MeshView, ListsItsChipsRowByRow) {
  const Topology tg = load_topology("tg");
  EXPECT_THAT(chips_of(tg, {0, {1, 2}, {2, 3}}), ElementsAre(10, 11, 12, 18, 19, 20));
}

TEST(MeshView, KnowsPositionsWithinItself) {
  const Topology tg = load_topology("tg");
  const MeshView view{0, {1, 2}, {2, 3}};
  EXPECT_EQ(position_in(tg, view, 19), (Coordinate{1, 1}));
  EXPECT_EQ(position_in(tg, view, 9), std::nullopt);
  EXPECT_EQ(position_in(tg, view, 500), std::nullopt);
}

TEST(MeshView, IsRefusedOutsideItsMesh) {
  const Topology tg = load_topology("tg");
  EXPECT_THROW((void)chips_of(tg, {0, {3, 0}, {2, 8}}), std::invalid_argument);
  EXPECT_THROW((void)chips_of(tg, {0, {-1, 0}, {1, 1}}), std::invalid_argument);
  EXPECT_THROW((void)chips_of(tg, {0, {0, 0}, {0, 1}}), std::invalid_argument);
  EXPECT_THROW((void)chips_of(tg, {5, {0, 0}, {1, 1}}), std::invalid_argument);
}

TEST(Line, IsAColumnAlongAxis0AndARowAlongAxis1) {
  const Topology t3k = load_topology("t3k");
  EXPECT_THAT(line_through(t3k, whole(t3k), 0, 6).chips, ElementsAre(2, 6));
  EXPECT_THAT(line_through(t3k, whole(t3k), 1, 6).chips, ElementsAre(4, 5, 6, 7));
}

TEST(Line, NeedsNoAxisWhereOnlyOneIsLong) {
  const Topology t3k = load_topology("t3k");
  EXPECT_THAT(line_through(t3k, {0, {0, 1}, {2, 1}}, {}, 5).chips, ElementsAre(1, 5));
  EXPECT_THAT(line_through(t3k, {0, {0, 0}, {1, 1}}, {}, 0).chips, ElementsAre(0));
  EXPECT_THAT([&] { (void)line_through(t3k, whole(t3k), {}, 0); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("needs a cluster_axis")));
}

TEST(Line, RejectsOtherAxesAndChipsOutside) {
  const Topology t3k = load_topology("t3k");
  EXPECT_THROW((void)line_through(t3k, whole(t3k), 2, 0), std::invalid_argument);
  EXPECT_THROW((void)line_through(t3k, whole(t3k), -1, 0), std::invalid_argument);
  EXPECT_THROW((void)line_through(t3k, {0, {0, 0}, {1, 4}}, 1, 5), std::invalid_argument);
}

TEST(Line, ClosesOverAWrapLinkAlone) {
  const Topology torus = load_topology("galaxy:8x4:ring");
  EXPECT_TRUE(line_through(torus, whole(torus), 0, 0).closed);
  EXPECT_TRUE(line_through(torus, whole(torus), 1, 0).closed);
  EXPECT_FALSE(line_through(torus, {0, {0, 0}, {4, 4}}, 0, 0).closed);
  const Topology open = load_topology("galaxy:8x4:line");
  EXPECT_FALSE(line_through(open, whole(open), 0, 0).closed);
}

TEST(Line, OfTwoChipsIsNotClosed) {
  const Topology pair = load_topology("t3k:1x2:ring");
  EXPECT_FALSE(line_through(pair, whole(pair), 1, 0).closed);
}

TEST(Route, SettlesTheRowFirst) {
  const Topology tg = load_topology("tg");
  EXPECT_THAT(route(tg, 0, 18), ElementsAre(0, 8, 16, 17, 18));
  EXPECT_THAT(route(tg, 18, 0), ElementsAre(18, 10, 2, 1, 0));
  EXPECT_THAT(route(tg, 5, 5), ElementsAre(5));
}

TEST(Route, TakesAWrapWhereThatIsShorter) {
  const Topology ring = load_topology("t3k:1x8:ring");
  EXPECT_THAT(route(ring, 1, 6), ElementsAre(1, 0, 7, 6));
  EXPECT_THAT(route(ring, 1, 4), ElementsAre(1, 2, 3, 4));
}

TEST(Route, GoesForwardWhereBothWaysAreAsLong) {
  const Topology ring = load_topology("t3k:1x8:ring");
  EXPECT_THAT(route(ring, 1, 5), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(route(ring, 5, 1), ElementsAre(5, 6, 7, 0, 1));
}

TEST(Route, CrossesLinksOnlyAndIsShortest) {
  const Topology torus = load_topology("galaxy:8x4:ring");
  const auto distance = [](int x, int y, int extent) {
    const int straight = std::abs(x - y);
    return std::min(straight, extent - straight);
  };
  for (ChipId from = 0; from < 32; ++from) {
    for (ChipId to = 0; to < 32; ++to) {
      const auto chips = route(torus, from, to);
      EXPECT_EQ(static_cast<int>(chips.size()) - 1,
                distance(from / 4, to / 4, 8) + distance(from % 4, to % 4, 4));
      for (std::size_t i = 1; i < chips.size(); ++i) {
        EXPECT_GT(torus.channels_between(chips[i - 1], chips[i]), 0);
      }
    }
  }
}

TEST(Route, FindsItsWayBetweenMeshes) {
  Topology topology = load_topology("t3k:1x3:line");
  topology.meshes.push_back({.id = 1, .shape = {1, 3}, .first_chip = 3});
  topology.set_edges(
      {{0, 1, 1}, {1, 2, 1}, {3, 4, 1}, {4, 5, 1}, {1, 4, 1, Edge::Kind::InterMesh}});
  EXPECT_THAT(route(topology, 0, 5), ElementsAre(0, 1, 4, 5));
}

TEST(Route, RefusesChipsThatNoLinksJoin) {
  Topology topology = load_topology("t3k:1x3:line");
  topology.meshes.push_back({.id = 1, .shape = {1, 1}, .first_chip = 3});
  EXPECT_THAT([&] { (void)route(topology, 0, 3); },
              ThrowsMessage<Error>(HasSubstr("from chip 0 to chip 3")));
  EXPECT_THROW((void)route(topology, 0, 9), std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::mesh
