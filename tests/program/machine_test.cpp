#include "mesh/program/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "mesh/topology/load.hpp"

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
  EXPECT_EQ(machine.channels.front().link.latency, tg.link.latency);
  EXPECT_EQ(machine.slowdown.size(), 32U);
}

TEST(Machine, SetsOneLink) {
  const Machine machine = machine_with("link(0-1).latency=5us");
  EXPECT_EQ(machine.channel(machine.edge_between(1, 0), 0).link.latency,
            sim::Time::microseconds(5));
  EXPECT_NE(machine.channel(machine.edge_between(1, 2), 0).link.latency,
            sim::Time::microseconds(5));
}

TEST(Machine, SetsTheLinksOfAnAxis) {
  const Machine plain = make_machine(load_topology("tg"), {});
  const Machine machine = machine_with("link(axis:0).bandwidth=x1/2");
  for (std::size_t i = 0; i < machine.topology.edges.size(); ++i) {
    const int edge = static_cast<int>(i);
    const std::int64_t before = plain.channel(edge, 0).link.bandwidth_bytes_per_s;
    for (int channel = 0; channel < machine.topology.edges[i].channels; ++channel) {
      EXPECT_EQ(machine.channel(edge, channel).link.bandwidth_bytes_per_s,
                machine.topology.edges[i].axis == 0 ? before / 2 : before);
    }
  }
}

TEST(Machine, AppliesSettingsInOrder) {
  const Machine machine = make_machine(
      load_topology("t3k"),
      {sim::parse_setting("link.latency=1us"), sim::parse_setting("link.latency=+2us")});
  EXPECT_EQ(machine.channels.front().link.latency, sim::Time::microseconds(3));
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
  EXPECT_THAT([] { (void)machine_with("chip(32).slowdown=2"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("has chips 0 to 31")));
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
