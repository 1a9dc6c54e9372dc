#include "mesh/program/ports.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/topology/load.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::int64_t kPage = 2'048;

class PortsTest : public testing::Test {
 protected:
  sim::Time transfer(std::int64_t bytes, int links = 1) const {
    return sim::transfer_time(machine.collective, link,
                              {.engine = sim::Engine::Router,
                               .ring = false,
                               .sent_before = 0,
                               .bytes = bytes,
                               .links = links});
  }

  const Machine machine = make_machine(load_topology("tg"), {});
  const sim::LinkModel link = machine.channels.front().forth.link;
  Ports ports{0, machine};
};

TEST_F(PortsTest, ArrivesALatencyAfterTheTailHasLeft) {
  const Passage passage = ports.transmit({.peer = 1, .bytes = 65'536, .page_bytes = 2'048});
  EXPECT_EQ(passage.sent, transfer(65'536));
  EXPECT_EQ(passage.tail, passage.sent + link.latency);
  EXPECT_EQ(passage.head, sim::head_serialisation(link, 65'536) + link.latency);
}

TEST_F(PortsTest, ServesTransmissionsInOrder) {
  const Passage first = ports.transmit({.peer = 1, .bytes = 65'536, .page_bytes = 2'048});
  const Passage second = ports.transmit({.peer = 1, .bytes = 65'536, .page_bytes = 2'048});
  EXPECT_EQ(second.channels.front().start, first.sent);
}

TEST_F(PortsTest, DirectionsToOtherPeersAreIndependent) {
  (void)ports.transmit({.peer = 1, .bytes = 65'536, .page_bytes = 2'048});
  const Passage down = ports.transmit({.peer = 8, .bytes = 65'536, .page_bytes = 2'048});
  EXPECT_EQ(down.channels.front().start, sim::Time());
}

TEST_F(PortsTest, SplitsWholePagesWithTheRemainderOnTheLowerLinks) {
  const Passage passage =
      ports.transmit({.peer = 1, .links = 3, .bytes = 5 * kPage, .page_bytes = 2'048});
  ASSERT_EQ(passage.channels.size(), 3U);
  EXPECT_EQ(passage.channels[0].bytes, 2 * kPage);
  EXPECT_EQ(passage.channels[1].bytes, 2 * kPage);
  EXPECT_EQ(passage.channels[2].bytes, kPage);
  EXPECT_EQ(passage.sent, transfer(2 * kPage, 3));
}

TEST_F(PortsTest, UsesNoMoreLinksThanThereArePages) {
  const Passage passage =
      ports.transmit({.peer = 1, .links = 4, .bytes = 2'048, .page_bytes = 2'048});
  EXPECT_EQ(passage.channels.size(), 1U);
}

TEST_F(PortsTest, ARouterDoesNotFinishBeforeItsInput) {
  const sim::Time late = sim::Time::microseconds(500);
  const Passage passage =
      ports.transmit({.peer = 1, .bytes = 2'048, .page_bytes = 2'048, .not_done_before = late});
  EXPECT_EQ(passage.sent, late);
  EXPECT_EQ(passage.tail, late + link.latency);
}

TEST_F(PortsTest, CountsBytesAndBusyTimePerChannel) {
  (void)ports.transmit({.peer = 8, .bytes = 4'096, .page_bytes = 2'048});
  std::int64_t bytes = 0;
  for (const LinkUse& use : ports.use()) {
    bytes += use.bytes;
    if (use.to == 8 && use.channel == 0) {
      EXPECT_EQ(use.busy, transfer(4'096));
    }
  }
  EXPECT_EQ(bytes, 4'096);
  ports.reset_use();
  for (const LinkUse& use : ports.use()) EXPECT_EQ(use.bytes, 0);
}

TEST_F(PortsTest, ASignalPaysLatencyAndClaimsNothing) {
  const sim::Time arrival = ports.signal(1, sim::Time::microseconds(1), {});
  EXPECT_EQ(arrival, sim::Time::microseconds(1) + link.latency + machine.collective.barrier_step);
  EXPECT_EQ(ports.transmit({.peer = 1, .bytes = 1}).channels.front().start, sim::Time());
}

TEST_F(PortsTest, RefusesAPeerWithoutALink) {
  EXPECT_THROW((void)ports.transmit({.peer = 2, .bytes = 1}), std::logic_error);
}

/// Ports of chip 0 of a T3K, which settings perturb.
class PerturbedPorts : public testing::Test {
 protected:
  static Machine machine_with(const std::vector<std::string>& settings, std::uint64_t seed = 1) {
    std::vector<sim::Setting> parsed;
    for (const std::string& text : settings) parsed.push_back(sim::parse_setting(text));
    return make_machine(load_topology("t3k"), parsed, seed);
  }
  /// A transfer to chip 1 as step `step`.
  static Passage send(Ports& ports, std::uint32_t step, std::int64_t bytes = kBytes) {
    return ports.transmit({.peer = 1, .bytes = bytes, .page_bytes = 2'048, .id = {7, step}});
  }

  static constexpr std::int64_t kBytes = 65'536;
  const Machine plain = machine_with({});
};

TEST_F(PerturbedPorts, JitterDelaysArrivalsAndNothingElse) {
  const sim::Time greatest = sim::Time::nanoseconds(200);
  const Machine machine = machine_with({"link.jitter=200ns"});
  std::set<std::int64_t> delays;
  for (std::uint32_t step = 0; step < 100; ++step) {
    Ports usual(0, plain);
    Ports jittery(0, machine);
    const Passage expected = send(usual, step);
    const Passage passage = send(jittery, step);
    EXPECT_EQ(passage.sent, expected.sent);
    EXPECT_GE(passage.head, expected.head);
    EXPECT_LE(passage.head, expected.head + greatest);
    EXPECT_GE(passage.tail, expected.tail);
    EXPECT_LE(passage.tail, expected.tail + greatest);
    delays.insert((passage.tail - expected.tail).ps());
    delays.insert((passage.head - expected.head).ps());
  }
  EXPECT_GT(delays.size(), 190U);
}

TEST_F(PerturbedPorts, JitterDoesNotReorderPackets) {
  const Machine machine = machine_with({"link.jitter=1ms"});
  Ports ports(0, machine);
  sim::Time last;
  for (std::uint32_t step = 0; step < 200; ++step) {
    const Passage passage = send(ports, step);
    EXPECT_GE(passage.head, last);
    EXPECT_GE(passage.tail, passage.head);
    last = passage.tail;
  }
}

TEST_F(PerturbedPorts, DrawDependsOnTheSeedAndTheTransferAlone) {
  const std::vector<std::string> settings{"link.jitter=1us", "link.loss=10%"};
  const Machine one = machine_with(settings, 1);
  const Machine two = machine_with(settings, 2);
  Ports first(0, one);
  Ports again(0, one);
  Ports other(0, two);
  (void)again.transmit({.peer = 4, .bytes = kBytes, .page_bytes = 2'048, .id = {1, 1}});
  const Passage passage = send(first, 3, 1 << 20);
  const Passage same = send(again, 3, 1 << 20);
  EXPECT_EQ(same.head, passage.head);
  EXPECT_EQ(same.tail, passage.tail);
  EXPECT_EQ(same.sent, passage.sent);
  EXPECT_NE(send(other, 3, 1 << 20).tail, passage.tail);
}

// Each loss keeps the channel for the timeout and one packet.
TEST_F(PerturbedPorts, EachLossKeepsTheChannelForTheTimeoutAndAPacket) {
  const Machine machine = machine_with({"link.loss=1e-3", "link.retransmit_timeout=20us"});
  const sim::LinkModel& link = machine.channels.front().forth.link;
  const sim::Time recovery =
      sim::Time::microseconds(20) + sim::head_serialisation(link, link.packet.payload_bytes);
  constexpr std::int64_t kMany = std::int64_t{1} << 30;
  Ports usual(0, plain);
  Ports lossy(0, machine);
  const sim::Time longer = send(lossy, 1, kMany).sent - send(usual, 1, kMany).sent;
  const std::int64_t losses = longer.ps() / recovery.ps();
  EXPECT_EQ(longer, losses * recovery);
  const sim::ChannelKey key = sim::channel_key(1, 0, 1, 0);
  const std::int64_t packets = sim::packet_count(link.packet, kMany);
  EXPECT_EQ(losses, sim::draw_losses({1, 1'000}, key, {7, 1}, packets).total);
  // 174,763 packets lose 175 in the mean, with a standard deviation of 13.
  EXPECT_NEAR(static_cast<double>(losses), 175, 4 * 13);
  EXPECT_EQ(lossy.use().front().bytes, kMany);
}

TEST_F(PerturbedPorts, AHeadThatIsLostArrivesLater) {
  const Machine machine = machine_with({"link.loss=50%", "link.retransmit_timeout=3us"});
  const sim::LinkModel& link = machine.channels.front().forth.link;
  const sim::ChannelKey key = sim::channel_key(1, 0, 1, 0);
  bool lost = false;
  for (std::uint32_t step = 0; step < 20; ++step) {
    Ports usual(0, plain);
    Ports lossy(0, machine);
    const sim::Losses losses = sim::draw_losses({1, 2}, key, {7, step}, 11);
    const sim::Time packet = sim::head_serialisation(link, kBytes);
    EXPECT_EQ(send(lossy, step).head,
              send(usual, step).head + losses.first * (sim::Time::microseconds(3) + packet));
    lost = lost || losses.first > 0;
  }
  EXPECT_TRUE(lost);
}

TEST_F(PerturbedPorts, SignalsAreDelayedAndLostLikePackets) {
  const Machine jittery = machine_with({"link.jitter=200ns"});
  const Machine lossy = machine_with({"link.loss=50%", "link.retransmit_timeout=3us"});
  const Ports usual(0, plain);
  const Ports delayed(0, jittery);
  const Ports retried(0, lossy);
  std::set<std::int64_t> delays;
  sim::Time sum;
  for (std::uint32_t step = 0; step < 1'000; ++step) {
    const sim::TransferId id{7, step};
    const sim::Time expected = usual.signal(1, {}, id);
    const sim::Time delay = delayed.signal(1, {}, id) - expected;
    EXPECT_GE(delay, sim::Time());
    EXPECT_LE(delay, sim::Time::nanoseconds(200));
    delays.insert(delay.ps());
    const sim::Time retry = retried.signal(1, {}, id) - expected;
    EXPECT_EQ(retry.ps() % sim::Time::microseconds(3).ps(), 0);
    sum += retry;
  }
  EXPECT_GT(delays.size(), 900U);
  // One loss in the mean, with a variance of 2.
  EXPECT_NEAR(static_cast<double>(sum.ps()) / 3e6, 1'000, 4 * 45);
}

TEST_F(PerturbedPorts, TheFirstChannelsThatAreUpCarryThePayload) {
  const Machine machine = machine_with({"link(0-1#0).down=true"});
  Ports ports(0, machine);
  EXPECT_EQ(
      ports.transmit({.peer = 1, .links = 2, .bytes = kBytes, .page_bytes = 2'048}).channels.size(),
      1U);
  const LinkUse use = ports.use().front();
  EXPECT_EQ(use.to, 1);
  EXPECT_EQ(use.channel, 1);
  EXPECT_EQ(use.bytes, kBytes);
}

TEST_F(PerturbedPorts, ATransferIsDoneWhenItsSlowestChannelIs) {
  const Machine machine = machine_with({"link(0-1#1).bandwidth=x1/10", "link(0-1#1).latency=9us"});
  Ports ports(0, machine);
  const Transmission both{.peer = 1, .links = 2, .bytes = kBytes, .page_bytes = 2'048};
  const Passage passage = ports.transmit(both);
  ASSERT_EQ(passage.channels.size(), 2U);
  EXPECT_GT(passage.channels[1].end, passage.channels[0].end);
  EXPECT_EQ(passage.sent, passage.channels[1].end);
  EXPECT_EQ(passage.tail, passage.channels[1].end + sim::Time::microseconds(9));
}

}  // namespace
}  // namespace ttmesh::mesh
