#include "sim/utilisation.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ttmesh::sim {
namespace {

Slice payload(int track, std::int64_t start_us, std::int64_t end_us) {
  return {.track = track,
          .start = Time::microseconds(start_us),
          .end = Time::microseconds(end_us),
          .command = 1,
          .name = "send",
          .bytes = 1};
}

TEST(Utilisation, IsTheShareOfEachWindow) {
  // 128 windows of 2 us: busy in half of the first one, then in all of the last two.
  const std::vector<Utilisation> use =
      link_utilisation({.slices = {payload(5, 1, 2), payload(5, 252, 256)}});
  ASSERT_EQ(use.size(), 4);
  EXPECT_EQ(use[0].from, Time());
  EXPECT_EQ(use[0].permille, 500);
  EXPECT_EQ(use[1].from, Time::microseconds(2));
  EXPECT_EQ(use[1].permille, 0);
  EXPECT_EQ(use[2].from, Time::microseconds(252));
  EXPECT_EQ(use[2].permille, 1000);
  EXPECT_EQ(use[3].from, Time::microseconds(256));
  EXPECT_EQ(use[3].permille, 0);
}

TEST(Utilisation, LeavesOutChipQueues) {
  Trace trace{.slices = {payload(5, 0, 4)}};
  trace.slices.push_back(
      {.track = 0, .start = Time(), .end = Time::microseconds(8), .command = 1, .name = "linear"});
  for (const Utilisation& use : link_utilisation(trace)) EXPECT_EQ(use.track, 5);
  EXPECT_FALSE(link_utilisation(trace).empty());
}

TEST(Utilisation, IsInOrderOfTimeAndTrack) {
  const std::vector<Utilisation> use =
      link_utilisation({.slices = {payload(7, 0, 4), payload(5, 0, 4), payload(6, 2, 3)}});
  for (std::size_t i = 1; i < use.size(); ++i) {
    EXPECT_TRUE(use[i - 1].from < use[i].from ||
                (use[i - 1].from == use[i].from && use[i - 1].track < use[i].track));
  }
}

TEST(Utilisation, OfNothingIsNothing) { EXPECT_TRUE(link_utilisation({}).empty()); }

}  // namespace
}  // namespace ttmesh::sim
