#include "sim/collective_model.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "sim/system.hpp"

namespace ttmesh::sim {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

const System& t3k() { return find_system("t3k"); }

Time time_of(const System& system, const Transfer& transfer) {
  return transfer_time(system.collective, system.link, transfer);
}

TEST(TransferTime, AddsUpExactlyHoweverItIsCut) {
  for (const Engine engine : {Engine::Router, Engine::Relay, Engine::Reduction}) {
    const Time whole = time_of(t3k(), {.engine = engine, .bytes = 3 * kMiB});
    Time parts;
    std::int64_t sent = 0;
    for (const std::int64_t part : {kMiB, kMiB / 2, kMiB / 4 + 7, 5 * kMiB / 4 - 7}) {
      parts += time_of(t3k(), {.engine = engine, .sent_before = sent, .bytes = part});
      sent += part;
    }
    EXPECT_EQ(sent, 3 * kMiB);
    EXPECT_EQ(parts, whole);
  }
}

/// A model whose rates and ramp are round numbers, on T3K's links: 10 and 5 GB/s.
CollectiveModel round_model() {
  CollectiveModel model = t3k().collective;
  model.router_rate = model.relay_rate = {4, 5};
  model.direct_rate = {2, 5};
  model.router_ramp = {};
  model.relay_ramp = {Time::microseconds(3), 300'000};
  return model;
}

TEST(TransferTime, StreamsAtTheEnginesRateAfterTheRamp) {
  const Transfer transfer{
      .engine = Engine::Relay, .ring = true, .sent_before = 300'000, .bytes = 10'000'000};
  EXPECT_EQ(transfer_time(round_model(), t3k().link, transfer), Time::microseconds(1'000));
}

TEST(TransferTime, PaysTheWholeRampOverItsBytes) {
  const Transfer ramped{.engine = Engine::Relay, .bytes = 300'000};
  EXPECT_EQ(transfer_time(round_model(), t3k().link, ramped), Time::microseconds(33));
}

TEST(TransferTime, SharesTheRampAmongLinks) {
  const Transfer ramped{.engine = Engine::Relay, .bytes = 150'000, .links = 2};
  EXPECT_EQ(transfer_time(round_model(), t3k().link, ramped), Time::microseconds(18));
}

TEST(TransferTime, HasNoRampForDirectSlices) {
  const Transfer first{.engine = Engine::Direct, .ring = true, .bytes = 5'000'000};
  EXPECT_EQ(transfer_time(round_model(), t3k().link, first), Time::microseconds(1'000));
}

TEST(TransferTime, FollowsAScenariosBandwidth) {
  LinkModel slow = t3k().link;
  slow.bandwidth_bytes_per_s /= 2;
  const Transfer transfer{.engine = Engine::Router, .bytes = 10'000'000};
  EXPECT_EQ(transfer_time(round_model(), t3k().link, transfer), Time::microseconds(1'000));
  EXPECT_EQ(transfer_time(round_model(), slow, transfer), Time::microseconds(2'000));
}

TEST(TransferTime, IsNeverFasterThanTheWire) {
  CollectiveModel eager = t3k().collective;
  eager.router_rate = {2, 1};
  const Transfer transfer{.engine = Engine::Router, .bytes = kMiB};
  EXPECT_EQ(transfer_time(eager, t3k().link, transfer), serialisation(t3k().link, kMiB));
}

TEST(TransferTime, IsBoundByTheChipsDram) {
  CollectiveModel starved = t3k().collective;
  starved.dram_bytes_per_s = 6'000'000'000;  // Two directions, three passes: 1 GB/s each.
  const Transfer transfer{.engine = Engine::Reduction, .sent_before = kMiB, .bytes = 1'000'000};
  EXPECT_EQ(transfer_time(starved, t3k().link, transfer), Time::microseconds(1'000));
}

TEST(TransferTime, SlowsDownWithSmallerPackets) {
  const PacketFormat& packet = t3k().link.packet;
  PacketFormat small = packet;
  small.payload_bytes = 4096;
  const std::int64_t bytes = std::int64_t{4096} * 6144;
  const Transfer usual{.engine = Engine::Router, .sent_before = kMiB, .bytes = bytes};
  Transfer other = usual;
  other.packet_bytes = 4096;
  const double slower = static_cast<double>(time_of(t3k(), other).ps()) /
                        static_cast<double>(time_of(t3k(), usual).ps());
  const double wire = static_cast<double>(wire_bytes(small, bytes)) /
                      static_cast<double>(wire_bytes(packet, bytes));
  EXPECT_NEAR(slower, wire, 1e-9);
}

TEST(TransferTime, RoundsUpAndHoldsForSixteenGibibytes) {
  for (const System& system : systems()) {
    for (const Engine engine : {Engine::Router, Engine::Relay, Engine::Reduction, Engine::Direct}) {
      EXPECT_GT(time_of(system, {.engine = engine, .bytes = 1}), Time());
      const Time large =
          time_of(system, {.engine = engine, .bytes = std::int64_t{1} << 34, .packet_bytes = 4096});
      EXPECT_GT(large, time_for(std::int64_t{1} << 34, system.link.bandwidth_bytes_per_s));
      EXPECT_LT(large, Time::microseconds(10'000'000));
    }
  }
}

TEST(TransferTime, IsZeroForNothing) {
  EXPECT_EQ(time_of(t3k(), {.engine = Engine::Relay, .bytes = 0}), Time());
}

TEST(TransferTime, RefusesNegativeBytesAndNoLinks) {
  EXPECT_THROW((void)time_of(t3k(), {.engine = Engine::Relay, .bytes = -1}), std::invalid_argument);
  EXPECT_THROW((void)time_of(t3k(), {.engine = Engine::Relay, .sent_before = -1}),
               std::invalid_argument);
  EXPECT_THROW((void)time_of(t3k(), {.engine = Engine::Relay, .bytes = 1, .links = 0}),
               std::invalid_argument);
  EXPECT_THROW((void)time_of(t3k(), {.engine = Engine::Relay, .bytes = 1, .packet_bytes = 0}),
               std::invalid_argument);
}

TEST(CopyTime, CostsALatencyForEachPacket) {
  const System& system = t3k();
  EXPECT_EQ(copy_time(system.collective, system.link, 0), Time());
  EXPECT_EQ(copy_time(system.collective, system.link, 6144),
            system.collective.copy_packet_latency + time_for(6144, 28'500'000'000));
  EXPECT_EQ(copy_time(system.collective, system.link, 8192, 4096),
            2 * system.collective.copy_packet_latency + time_for(8192, 28'500'000'000));
}

TEST(CollectiveModel, IsSlowerByItsSlowdownInAllThatItDoes) {
  const System& system = t3k();
  CollectiveModel slow = system.collective;
  slow.slowdown = {3, 2};
  const auto slower = [](Time time) { return scale(time, {3, 2}); };
  EXPECT_EQ(setup_time(slow), slower(setup_time(system.collective)));
  EXPECT_EQ(barrier_time(slow), slower(barrier_time(system.collective)));
  EXPECT_EQ(copy_time(slow, system.link, 8192),
            slower(copy_time(system.collective, system.link, 8192)));
  for (const Engine engine : {Engine::Router, Engine::Relay, Engine::Reduction, Engine::Direct}) {
    EXPECT_EQ(step_time(slow, engine), slower(step_time(system.collective, engine)));
    const Transfer transfer{.engine = engine, .bytes = 1 << 20};
    const auto engine_time_of = [&](const CollectiveModel& model) {
      return engine_time(model, transfer, engine_pace(model, system.link, transfer));
    };
    EXPECT_EQ(engine_time_of(slow), slower(engine_time_of(system.collective)));
  }
}

TEST(StepTime, IsNothingForRouters) {
  EXPECT_EQ(step_time(t3k().collective, Engine::Router), Time());
  EXPECT_EQ(step_time(t3k().collective, Engine::Relay), t3k().collective.relay_step);
  EXPECT_EQ(step_time(t3k().collective, Engine::Reduction), t3k().collective.reduce_step);
  EXPECT_EQ(step_time(t3k().collective, Engine::Direct), t3k().collective.direct_step);
}

}  // namespace
}  // namespace ttmesh::sim
