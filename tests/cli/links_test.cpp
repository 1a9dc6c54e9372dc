#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/heat_map.hpp"
#include "cli/link_table.hpp"
#include "mesh/topology/load.hpp"
#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

mesh::LinkUse use(mesh::ChipId from, mesh::ChipId to, std::int64_t bytes, std::int64_t busy_us) {
  return {.from = from,
          .to = to,
          .channel = 0,
          .bytes = bytes,
          .busy = sim::Time::microseconds(busy_us)};
}

/// A 2x2 mesh, 100 us, with one busy link, one that is a little busy, and two that are idle.
LinkLoad example() {
  return {.links = {use(0, 1, 640, 10), use(1, 0, 4096, 63), use(0, 2, 64, 100), use(2, 0, 0, 0)},
          .span = sim::Time::microseconds(100)};
}

TEST(LinkTable, ListsTheBusiestDirectionsFirst) {
  const std::string text = link_table(example(), 2);
  EXPECT_LT(text.find("0 > 2"), text.find("1 > 0"));
  EXPECT_THAT(text, Not(HasSubstr("0 > 1")));
  EXPECT_THAT(text, Not(HasSubstr("2 > 0")));
  EXPECT_THAT(text, HasSubstr("63.0 %           4096\n"));
  EXPECT_THAT(text, HasSubstr("the busiest 2 of 3 directions that carried payload"));
}

TEST(LinkTable, SaysThatNothingWasCarried) {
  EXPECT_EQ(link_table({.links = {use(0, 1, 0, 0)}, .span = {}}, 8),
            "  no link carried anything\n");
}

TEST(HeatMap, ShowsTheBusierDirectionOfEveryLink) {
  const mesh::Topology topology = mesh::load_topology("t3k:2x2");
  EXPECT_EQ(heat_map(topology, topology.meshes.front(), example()),
            "  links of the mesh: busy time of the busiest channel and direction\n"
            "  0 ▓ 63% 1\n"
            "  █100%   ·  0%\n"
            "  2 ·  0% 3\n");
}

TEST(HeatMap, ShowsWrapsAtBothEnds) {
  const mesh::Topology topology = mesh::load_topology("t3k:1x4:ring");
  EXPECT_EQ(heat_map(topology, topology.meshes.front(),
                     {.links = {use(0, 3, 64, 30)}, .span = sim::Time::microseconds(100)}),
            "  links of the mesh: busy time of the busiest channel and direction\n"
            "   ▒ 30% 0 ·  0% 1 ·  0% 2 ·  0% 3 ▒ 30%\n");
}

TEST(HeatMap, IsEmptyForOneChip) {
  const mesh::Topology topology = mesh::load_topology("n150");
  EXPECT_EQ(heat_map(topology, topology.meshes.front(), {.links = {}, .span = {}}), "");
}

TEST(Links, AreDrawnWhenAskedFor) {
  const std::vector<std::string> run{"run", "mlp",          "-t",  "t3k:1x4:ring", "--dim",
                                     "256", "--hidden-dim", "512", "--timing-only"};
  EXPECT_THAT(ttmesh(run).out, Not(HasSubstr("links of the mesh")));
  std::vector<std::string> with_links = run;
  with_links.emplace_back("--links");
  EXPECT_THAT(ttmesh(with_links).out, HasSubstr("links of the mesh"));
  EXPECT_THAT(ttmesh(with_links).out, HasSubstr("all 6 directions that carried payload"));
}

TEST(Links, AreCommentsInTheTableOfCcl) {
  const Outcome outcome = ttmesh(
      {"ccl", "all_gather", "-t", "t3k:1x4:ring", "-b", "64K", "-e", "64K", "-n", "2", "--links"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("# links at 64 KiB, 2 iterations\n"));
  EXPECT_THAT(outcome.out, HasSubstr("#  links of the mesh"));
  EXPECT_THAT(outcome.out, HasSubstr("all 8 directions that carried payload"));
}

}  // namespace
}  // namespace ttmesh::cli
