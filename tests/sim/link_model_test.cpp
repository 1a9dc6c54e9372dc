#include "sim/link_model.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "sim/system.hpp"

namespace ttmesh::sim {
namespace {

constexpr PacketFormat kPacket{.payload_bytes = 4096, .header_bytes = 48};

TEST(WireBytes, CountsHeadersAndFramesOfEachPacket) {
  // 4096 + 48 bytes take three frames; 100 + 48 take one.
  EXPECT_EQ(wire_bytes(kPacket, 4096), 4096 + 48 + 3 * 50);
  EXPECT_EQ(wire_bytes(kPacket, 100), 100 + 48 + 50);
  EXPECT_EQ(wire_bytes(kPacket, 2 * 4096 + 100), 2 * (4096 + 198) + 198);
}

TEST(WireBytes, IsZeroForNoPayload) {
  EXPECT_EQ(wire_bytes(kPacket, 0), 0);
  EXPECT_EQ(packet_count(kPacket, 0), 0);
}

TEST(WireBytes, HoldsForSixteenGibibytes) {
  const std::int64_t bytes = std::int64_t{1} << 34;
  EXPECT_EQ(wire_bytes(kPacket, bytes), bytes / 4096 * (4096 + 198));
}

TEST(WireBytes, RefusesNegativePayloadsAndEmptyPackets) {
  EXPECT_THROW((void)wire_bytes(kPacket, -1), std::invalid_argument);
  EXPECT_THROW((void)wire_bytes({.payload_bytes = 0, .header_bytes = 48}, 1),
               std::invalid_argument);
}

TEST(Serialisation, FollowsLineRate) {
  const LinkModel link{12'500'000'000, Time::nanoseconds(711), kPacket};
  EXPECT_EQ(serialisation(link, 4096), time_for(4096 + 198, 12'500'000'000));
  EXPECT_EQ(serialisation(link, 0), Time());
}

TEST(Serialisation, IsNoFasterThanThePacketRate) {
  LinkModel link{12'500'000'000, Time::nanoseconds(711), kPacket};
  link.packet.interval = Time::nanoseconds(400);
  EXPECT_EQ(serialisation(link, 12'288), Time::nanoseconds(1'200));
  EXPECT_EQ(serialisation(link, 1), Time::nanoseconds(400));
}

TEST(HeadSerialisation, IsThatOfTheFirstPacket) {
  const LinkModel link{12'500'000'000, Time::nanoseconds(711), kPacket};
  EXPECT_EQ(head_serialisation(link, 1'000'000), serialisation(link, 4096));
  EXPECT_EQ(head_serialisation(link, 16), serialisation(link, 16));
}

// Goldens of tt-metal's fabric benchmark, 4 KiB packets over one link.
TEST(Serialisation, MatchesPublishedPacketRates) {
  LinkModel wormhole = find_system("t3k").link;
  LinkModel blackhole = find_system("p150_x4").link;
  wormhole.packet.payload_bytes = blackhole.packet.payload_bytes = 4096;
  const std::int64_t bytes = 4'096'000;
  const auto gb_per_s = [&](const LinkModel& link) {
    return static_cast<double>(bytes) * 1e3 / static_cast<double>(serialisation(link, bytes).ps());
  };
  EXPECT_NEAR(gb_per_s(wormhole), 11.73, 0.02 * 11.73);
  EXPECT_NEAR(gb_per_s(blackhole), 38.38, 0.01 * 38.38);
}

}  // namespace
}  // namespace ttmesh::sim
