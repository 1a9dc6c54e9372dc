#include "mesh/program/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <stdexcept>
#include <string>

#include "mesh/topology/line.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"

namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Machine machine_with(const std::string& setting, const std::string& topology = "tg") {
  return make_machine(load_topology(topology), {sim::parse_setting(setting)});
}

TEST(Machine, TakesItsModelsFromTheSystem) {
  const Machine machine = make_machine(load_topology("tg"), {});
  const sim::System& tg = sim::find_system("tg");
  EXPECT_EQ(machine.first_channel.size(), machine.topology.edges.size());
  EXPECT_EQ(machine.channels.front().forth.link.latency, tg.link.latency);
  EXPECT_EQ(machine.slowdown.size(), 32U);
}

TEST(Machine, SetsOneLink) {
  const Machine machine = machine_with("link(0-1).latency=5us");
  EXPECT_EQ(machine.channel(machine.edge_between(1, 0), 0).forth.link.latency,
            sim::Time::microseconds(5));
  EXPECT_NE(machine.channel(machine.edge_between(1, 2), 0).forth.link.latency,
            sim::Time::microseconds(5));
}

TEST(Machine, SetsTheLinksOfAnAxis) {
  const Machine plain = make_machine(load_topology("tg"), {});
  const Machine machine = machine_with("link(axis:0).bandwidth=x1/2");
  for (std::size_t i = 0; i < machine.topology.edges.size(); ++i) {
    const int edge = static_cast<int>(i);
    const std::int64_t before = plain.channel(edge, 0).forth.link.bandwidth_bytes_per_s;
    for (int channel = 0; channel < machine.topology.edges[i].channels; ++channel) {
      EXPECT_EQ(machine.channel(edge, channel).forth.link.bandwidth_bytes_per_s,
                machine.topology.edges[i].axis == 0 ? before / 2 : before);
    }
  }
}

TEST(Machine, AppliesSettingsInOrder) {
  const Machine machine = make_machine(
      load_topology("t3k"),
      {sim::parse_setting("link.latency=1us"), sim::parse_setting("link.latency=+2us")});
  EXPECT_EQ(machine.channels.front().forth.link.latency, sim::Time::microseconds(3));
}

Edge edge_of(const Machine& machine, ChipId a, ChipId b) {
  const int edge = machine.edge_between(a, b);
  return edge < 0 ? Edge{a, b, 0} : machine.topology.edges[static_cast<std::size_t>(edge)];
}

TEST(Machine, TakesALinkOutOfItsTopology) {
  const Machine machine = machine_with("link(3-2).down=true", "t3k:1x8:ring");
  EXPECT_EQ(machine.edge_between(2, 3), -1);
  EXPECT_EQ(machine.topology.channels_between(2, 3), 0);
  EXPECT_THAT(machine.topology.neighbours(2), testing::ElementsAre(1));
  EXPECT_EQ(machine.topology.edges.size(), 7U);
  EXPECT_EQ(machine.first_channel.size(), 7U);
  EXPECT_EQ(machine.channels.size(), 14U);
  ASSERT_EQ(machine.down_links.size(), 1U);
  EXPECT_EQ(machine.down_links.front(), (Edge{2, 3, 2, Edge::Kind::Neighbour, 1}));
  EXPECT_TRUE(machine.is_down(2, 3));
  EXPECT_TRUE(machine.is_down(3, 2));
  EXPECT_FALSE(machine.is_down(0, 7));
  EXPECT_EQ(machine.topology.meshes.front().dim_types[1], DimType::Ring);
}

TEST(Machine, OpensARingWhoseWrapLinkIsDown) {
  const Machine machine = machine_with("link(0-7).down=true", "t3k:1x8:ring");
  const MeshDescription& mesh = machine.topology.meshes.front();
  EXPECT_FALSE(line_through(machine.topology, {mesh.id, {0, 0}, mesh.shape}, 1, 0).closed);
  EXPECT_FALSE(mesh.wraps(1));
}

std::string file(const std::string& name) {
  return std::string(TTMESH_SOURCE_DIR) + "/topologies/" + name;
}

TEST(Machine, MakesAMeshOfATorusWithoutWrapLinks) {
  const Machine machine = machine_with("link(wrap).down=true", file("galaxy_8x4_torus_xy.yaml"));
  EXPECT_EQ(machine.topology.edges, load_topology(file("galaxy_8x4.yaml")).edges);
  EXPECT_EQ(machine.down_links.size(), 12U);
  EXPECT_FALSE(machine.topology.meshes.front().wraps(0));
  EXPECT_FALSE(machine.topology.meshes.front().wraps(1));
}

TEST(Machine, KeepsADimThatAnotherWrapLinkStillCloses) {
  const Machine machine = machine_with("link(0-28).down=true", file("galaxy_8x4_torus_xy.yaml"));
  EXPECT_TRUE(machine.is_down(0, 28));
  EXPECT_TRUE(machine.topology.meshes.front().wraps(0));
}

TEST(Machine, BringsALinkBackThatWasDown) {
  const Machine machine = make_machine(
      load_topology("t3k"),
      {sim::parse_setting("link.down=true"), sim::parse_setting("link(axis:1).down=false")});
  for (const Edge& edge : machine.topology.edges) EXPECT_EQ(edge.axis, 1);
  for (const Edge& edge : machine.down_links) EXPECT_EQ(edge.axis, 0);
  EXPECT_EQ(machine.down_links.size(), 4U);
}

TEST(Machine, TakesAllLinksOfAChipDown) {
  const Machine machine = machine_with("link(chip:5).down=true", "tg");
  EXPECT_THAT(machine.topology.neighbours(5), testing::IsEmpty());
  EXPECT_EQ(machine.down_links.size(), 3U);
}

TEST(Machine, CountsTheChannelsThatAreLeft) {
  const Machine fewer = machine_with("link.channels=1");
  for (const Edge& edge : fewer.topology.edges) EXPECT_EQ(edge.channels, 1);
  EXPECT_EQ(fewer.channels.size(), fewer.topology.edges.size());
  EXPECT_EQ(fewer.topology.usable_links, 1);

  const Machine more = machine_with("link(0-1).channels=+2");
  const int channels = load_topology("tg").channels_between(0, 1);
  EXPECT_EQ(edge_of(more, 0, 1).channels, channels + 2);
  EXPECT_EQ(more.channel(more.edge_between(0, 1), channels + 1).number, channels + 1);
  EXPECT_EQ(edge_of(more, 1, 2).channels, channels);
  EXPECT_EQ(more.topology.usable_links, load_topology("tg").usable_links);
}

TEST(Machine, KeepsTheNumbersOfChannelsThatAreUp) {
  const Machine machine = machine_with("link(0-1#0).down=true");
  const int edge = machine.edge_between(0, 1);
  EXPECT_EQ(edge_of(machine, 0, 1).channels, load_topology("tg").channels_between(0, 1) - 1);
  EXPECT_EQ(machine.channel(edge, 0).number, 1);
  EXPECT_FALSE(machine.is_down(0, 1));
}

TEST(Machine, SetsOneChannel) {
  const Machine machine = machine_with("link(1-0#2).bandwidth=1GB/s");
  const int edge = machine.edge_between(0, 1);
  EXPECT_EQ(machine.channel(edge, 2).forth.link.bandwidth_bytes_per_s, 1'000'000'000);
  EXPECT_NE(machine.channel(edge, 1).forth.link.bandwidth_bytes_per_s, 1'000'000'000);
}

TEST(Machine, SetsOneDirection) {
  const auto both = [](const char* setting) {
    const Machine machine = machine_with(setting);
    const Channel& channel = machine.channel(machine.edge_between(0, 1), 0);
    EXPECT_FALSE(machine.channel(machine.edge_between(1, 2), 0).forth.disturbance.any());
    return std::array{channel.forth, channel.back};
  };
  const auto is_set = [](const ChannelDirection& direction) {
    return direction.link.latency == sim::Time::microseconds(9) || direction.disturbance.any() ||
           direction.link.bandwidth_bytes_per_s == 1'000'000'000;
  };
  for (const std::string field : {"latency=9us", "bandwidth=1GB/s", "jitter=1us", "loss=1e-3"}) {
    const auto forth = both(("link(0->1)." + field).c_str());
    EXPECT_TRUE(is_set(forth[0]) && !is_set(forth[1])) << field;
    const auto back = both(("link(1->0)." + field).c_str());
    EXPECT_TRUE(!is_set(back[0]) && is_set(back[1])) << field;
    const auto all = both(("link(1-0)." + field).c_str());
    EXPECT_TRUE(is_set(all[0]) && is_set(all[1])) << field;
  }
}

TEST(Machine, TakesALinkDownBothWays) {
  for (const char* setting : {"link(0->1).down=true", "link(1->0).down=true"}) {
    const Machine machine = machine_with(setting);
    EXPECT_TRUE(machine.is_down(0, 1)) << setting;
    EXPECT_EQ(machine.edge_between(1, 0), -1) << setting;
  }
}

TEST(Machine, RefusesADirectionBetweenChipsThatNoLinkJoins) {
  EXPECT_THROW((void)machine_with("link(0->2).latency=1us"), std::invalid_argument);
  EXPECT_THROW((void)machine_with("link(0->1#77).latency=1us"), std::invalid_argument);
}

TEST(Machine, SetsWhatIsRandomOnALink) {
  const Machine machine = make_machine(
      load_topology("t3k"),
      {sim::parse_setting("link(0-1).jitter=200ns"), sim::parse_setting("link(0-1).loss=1e-4"),
       sim::parse_setting("link(0-1).retransmit_timeout=20us")},
      9);
  EXPECT_EQ(machine.seed, 9U);
  const sim::Disturbance& set = machine.channel(machine.edge_between(0, 1), 1).forth.disturbance;
  EXPECT_EQ(set.jitter, sim::Time::nanoseconds(200));
  EXPECT_EQ(set.loss, (sim::Ratio{1, 10'000}));
  EXPECT_EQ(set.retransmit_timeout, sim::Time::microseconds(20));
  EXPECT_FALSE(machine.channel(machine.edge_between(1, 2), 0).forth.disturbance.any());
}

TEST(Machine, SetsTheLinksBetweenMeshes) {
  const InputFile file{"two.yaml",
                       "ttmesh: 1\n"
                       "system: galaxy\n"
                       "meshes: [{name: a, shape: [2, 2]}, {name: b, shape: [2, 2]}]\n"
                       "connections: [{meshes: [0, 1], links: 4}]\n"};
  Topology topology = parse_ttmesh_yaml(file, parse_yaml(file)).topology;
  const Machine machine =
      make_machine(topology, {sim::parse_setting("link(inter_mesh).latency=9us")});
  int between = 0;
  for (std::size_t i = 0; i < machine.topology.edges.size(); ++i) {
    const bool inter_mesh = machine.topology.edges[i].kind == Edge::Kind::InterMesh;
    between += inter_mesh ? 1 : 0;
    EXPECT_EQ(
        machine.channel(static_cast<int>(i), 0).forth.link.latency == sim::Time::microseconds(9),
        inter_mesh);
  }
  EXPECT_EQ(between, 2);
}

TEST(Machine, SlowsOneChip) {
  const Machine machine = machine_with("chip(5).slowdown=2");
  EXPECT_EQ(sim::scale(sim::Time::nanoseconds(3), machine.slowdown[5]), sim::Time::nanoseconds(6));
  EXPECT_EQ(sim::scale(sim::Time::nanoseconds(3), machine.slowdown[4]), sim::Time::nanoseconds(3));
}

TEST(Machine, SwitchesTheHostsDispatch) {
  const sim::HostModel& host = sim::find_system("tg").host;
  EXPECT_EQ(machine_with("host.dispatch=untraced").host.dispatch, host.untraced_dispatch);
  EXPECT_EQ(machine_with("host.dispatch=9us").host.dispatch, sim::Time::microseconds(9));
}

TEST(Machine, RefusesSelectorsThatMatchNothing) {
  EXPECT_THAT([] { (void)machine_with("link(0-9).latency=1us"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("selects no link")));
  EXPECT_THAT([] { (void)machine_with("link(axis:0).latency=1us", "t3k:1x8:ring"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("selects no link")));
  EXPECT_THAT([] { (void)machine_with("link(wrap).latency=1us", "t3k"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("selects no link")));
  EXPECT_THAT([] { (void)machine_with("link(0-1#9).latency=1us"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("no channel 9")));
  EXPECT_THAT([] { (void)machine_with("chip(32).slowdown=2"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("has chips 0 to 31")));
}

TEST(Machine, HasNoLinksToSetOnOneChip) {
  EXPECT_TRUE(machine_with("link.latency=1us", "n150").channels.empty());
}

TEST(Machine, GivesEveryQueueAndLinkDirectionATrackOfItsOwn) {
  const Machine machine = make_machine(load_topology("tg"), {});
  std::set<int> tracks;
  std::size_t expected = 0;
  for (ChipId chip = 0; chip < 32; ++chip, ++expected) tracks.insert(Machine::queue_track(chip));
  for (std::size_t edge = 0; edge < machine.topology.edges.size(); ++edge) {
    for (int channel = 0; channel < machine.topology.edges[edge].channels; ++channel) {
      for (const bool from_lower : {true, false}) {
        tracks.insert(machine.link_track(static_cast<int>(edge), channel, from_lower));
        ++expected;
      }
    }
  }
  EXPECT_EQ(tracks.size(), expected);
}

}  // namespace
}  // namespace ttmesh::mesh
