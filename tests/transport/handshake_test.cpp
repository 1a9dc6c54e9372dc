#include "mesh/transport/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;

Identity identity(int rank) {
  return {.rank = rank,
          .hosts = 4,
          .topology_digest = "abc",
          .cpu_path = "avx512_bf16",
          .onednn_version = "2.6.0",
          .token = "secret"};
}

Hello hello(int rank) { return {.identity = identity(rank), .window_bytes = 64}; }

TEST(Handshake, AHelloRoundTrips) {
  Hello sent = hello(2);
  sent.channel = Purpose::Heartbeats;
  sent.address = "unix:/x";
  const Frame frame = encode_hello(FrameKind::Hello, sent);
  const std::span<const std::byte> bytes(frame.head);
  const Preamble preamble = decode_preamble(bytes.first<kPreambleBytes>(), kStrangerLimits);
  const Hello copy = decode_hello(preamble, bytes.subspan(kPreambleBytes));
  EXPECT_EQ(preamble.kind, FrameKind::Hello);
  EXPECT_EQ(copy.identity.rank, 2);
  EXPECT_EQ(copy.identity.hosts, 4);
  EXPECT_EQ(copy.identity.topology_digest, "abc");
  EXPECT_EQ(copy.identity.cpu_path, "avx512_bf16");
  EXPECT_EQ(copy.identity.onednn_version, "2.6.0");
  EXPECT_EQ(copy.identity.token, "secret");
  EXPECT_EQ(copy.channel, Purpose::Heartbeats);
  EXPECT_EQ(copy.window_bytes, 64U);
  EXPECT_EQ(copy.address, "unix:/x");
}

TEST(Handshake, ARefusalRoundTrips) {
  const Frame frame = encode_refusal("too late");
  EXPECT_EQ(decode_refusal(std::span(frame.head).subspan(kPreambleBytes)), "too late");
}

TEST(Handshake, AGuestThatFitsIsLetIn) {
  EXPECT_EQ(objection(identity(0), hello(1), {}), std::nullopt);
}

struct Misfit {
  const char* name;
  std::function<void(Hello&, Guests&)> change;
  const char* reason;
};

class Misfits : public testing::TestWithParam<Misfit> {};

TEST_P(Misfits, AreTurnedAwayWithAReason) {
  Hello guest = hello(1);
  Guests guests;
  GetParam().change(guest, guests);
  const std::optional<std::string> why = objection(identity(0), guest, guests);
  ASSERT_TRUE(why.has_value());
  EXPECT_THAT(*why, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Handshake, Misfits,
    testing::Values(
        Misfit{"Version", [](Hello& guest, Guests&) { guest.version = 2; }, "protocol version 2"},
        Misfit{"Token", [](Hello& guest, Guests&) { guest.identity.token = "secreT"; }, "token"},
        Misfit{"NoToken", [](Hello& guest, Guests&) { guest.identity.token = ""; }, "token"},
        Misfit{"Hosts", [](Hello& guest, Guests&) { guest.identity.hosts = 5; }, "5 hosts"},
        Misfit{"RankPastTheEnd", [](Hello& guest, Guests&) { guest.identity.rank = 4; }, "rank 4"},
        Misfit{"NegativeRank", [](Hello& guest, Guests&) { guest.identity.rank = -1; }, "rank -1"},
        Misfit{"OwnRank", [](Hello& guest, Guests&) { guest.identity.rank = 0; }, "other than 0"},
        Misfit{"Topology", [](Hello& guest, Guests&) { guest.identity.topology_digest = "abd"; },
               "topology 'abd'"},
        Misfit{"CpuPath", [](Hello& guest, Guests&) { guest.identity.cpu_path = "avx2"; },
               "CPU path 'avx2'"},
        Misfit{"OneDnn", [](Hello& guest, Guests&) { guest.identity.onednn_version = "3.0.0"; },
               "oneDNN '3.0.0'"},
        Misfit{"Duplicate", [](Hello&, Guests& guests) { guests.connected = {1}; },
               "connected already"},
        Misfit{"Returned", [](Hello&, Guests& guests) { guests.gone = {1}; }, "is gone"},
        Misfit{"Late", [](Hello&, Guests& guests) { guests.closed = true; }, "too late"},
        Misfit{"HeartbeatsFirst",
               [](Hello& guest, Guests&) { guest.channel = Purpose::Heartbeats; }, "heartbeats"},
        Misfit{"HeartbeatsTwice",
               [](Hello& guest, Guests& guests) {
                 guest.channel = Purpose::Heartbeats;
                 guests.connected = guests.beating = {1};
               },
               "heartbeats"}),
    [](const auto& each) { return each.param.name; });

TEST(Handshake, WithoutTheTokenNothingIsToldButTheVersion) {
  Hello guest = hello(1);
  guest.identity.token = "guess";
  guest.identity.topology_digest = "other";
  EXPECT_THAT(*objection(identity(0), guest, {}), testing::Not(HasSubstr("abc")));
}

TEST(Handshake, TextsAreComparedInFull) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
  EXPECT_FALSE(constant_time_equal("abc", "abcabc"));
  EXPECT_FALSE(constant_time_equal("", "a"));
  EXPECT_FALSE(constant_time_equal("a", ""));
  EXPECT_FALSE(constant_time_equal("", std::string_view("\0", 1)));
}

TEST(Handshake, TokensAreLongAndDiffer) {
  const std::string token = make_token();
  EXPECT_EQ(token.size(), 32U);
  EXPECT_NE(token, make_token());
}

}  // namespace
}  // namespace ttmesh::mesh
