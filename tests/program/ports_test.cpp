#include "mesh/program/ports.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "mesh/topology/load.hpp"

namespace ttmesh::mesh {
namespace {

class PortsTest : public testing::Test {
 protected:
  sim::Time transfer(std::int64_t bytes, int links = 1) const {
    return sim::transfer_time(machine_.collective, link_,
                              {.engine = sim::Engine::Router,
                               .ring = false,
                               .sent_before = 0,
                               .bytes = bytes,
                               .links = links});
  }

  const Machine machine_ = make_machine(load_topology("tg"), {});
  const sim::LinkModel link_ = machine_.channels.front().link;
  Ports ports_{0, machine_};
};

TEST_F(PortsTest, ArrivesALatencyAfterTheTailHasLeft) {
  const Passage passage = ports_.transmit({.peer = 1, .bytes = 65'536, .page_bytes = 2'048});
  EXPECT_EQ(passage.sent, transfer(65'536));
  EXPECT_EQ(passage.tail, passage.sent + link_.latency);
  EXPECT_EQ(passage.head, sim::head_serialisation(link_, 65'536) + link_.latency);
}

TEST_F(PortsTest, ServesTransmissionsInOrder) {
  const Passage first = ports_.transmit({.peer = 1, .bytes = 65'536, .page_bytes = 2'048});
  const Passage second = ports_.transmit({.peer = 1, .bytes = 65'536, .page_bytes = 2'048});
  EXPECT_EQ(second.channels.front().start, first.sent);
}

TEST_F(PortsTest, DirectionsToOtherPeersAreIndependent) {
  (void)ports_.transmit({.peer = 1, .bytes = 65'536, .page_bytes = 2'048});
  const Passage down = ports_.transmit({.peer = 8, .bytes = 65'536, .page_bytes = 2'048});
  EXPECT_EQ(down.channels.front().start, sim::Time());
}

TEST_F(PortsTest, SplitsWholePagesWithTheRemainderOnTheLowerLinks) {
  const Passage passage =
      ports_.transmit({.peer = 1, .links = 3, .bytes = 5 * 2'048, .page_bytes = 2'048});
  ASSERT_EQ(passage.channels.size(), 3U);
  EXPECT_EQ(passage.channels[0].bytes, 2 * 2'048);
  EXPECT_EQ(passage.channels[1].bytes, 2 * 2'048);
  EXPECT_EQ(passage.channels[2].bytes, 1 * 2'048);
  EXPECT_EQ(passage.sent, transfer(2 * 2'048, 3));
}

TEST_F(PortsTest, UsesNoMoreLinksThanThereArePages) {
  const Passage passage =
      ports_.transmit({.peer = 1, .links = 4, .bytes = 2'048, .page_bytes = 2'048});
  EXPECT_EQ(passage.channels.size(), 1U);
}

TEST_F(PortsTest, ARouterDoesNotFinishBeforeItsInput) {
  const sim::Time late = sim::Time::microseconds(500);
  const Passage passage =
      ports_.transmit({.peer = 1, .bytes = 2'048, .page_bytes = 2'048, .not_done_before = late});
  EXPECT_EQ(passage.sent, late);
  EXPECT_EQ(passage.tail, late + link_.latency);
}

TEST_F(PortsTest, CountsBytesAndBusyTimePerChannel) {
  (void)ports_.transmit({.peer = 8, .bytes = 4'096, .page_bytes = 2'048});
  std::int64_t bytes = 0;
  for (const LinkUse& use : ports_.use()) {
    bytes += use.bytes;
    if (use.to == 8 && use.channel == 0) {
      EXPECT_EQ(use.busy, transfer(4'096));
    }
  }
  EXPECT_EQ(bytes, 4'096);
  ports_.reset_use();
  for (const LinkUse& use : ports_.use()) EXPECT_EQ(use.bytes, 0);
}

TEST_F(PortsTest, ASignalPaysLatencyAndClaimsNothing) {
  const sim::Time arrival = ports_.signal(1, sim::Time::microseconds(1), {});
  EXPECT_EQ(arrival, sim::Time::microseconds(1) + link_.latency + machine_.collective.barrier_step);
  EXPECT_EQ(ports_.transmit({.peer = 1, .bytes = 1}).channels.front().start, sim::Time());
}

TEST_F(PortsTest, RefusesAPeerWithoutALink) {
  EXPECT_THROW((void)ports_.transmit({.peer = 2, .bytes = 1}), std::logic_error);
}

}  // namespace
}  // namespace ttmesh::mesh
