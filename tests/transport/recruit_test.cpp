#include "mesh/transport/recruit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio.hpp>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/transport/endpoint.hpp"
#include "mesh/transport/places.hpp"
#include "mesh/transport/port_reservation.hpp"
#include "tests/transport/host.hpp"

namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

const MachineRecipe kRecipe{
    .topology = "ttmesh: 1", .settings = {"link.latency=+2us"}, .seed = 7, .timing_only = true};

/// What a host knows before it has a place.
Identity unplaced() {
  Identity identity = options_of(0, 1).identity;
  identity.topology_digest.clear();
  return identity;
}

TransportOptions offering(int hosts) {
  TransportOptions options = options_of(0, hosts);
  options.offer = kRecipe;
  return options;
}

class Recruits : public testing::TestWithParam<Address::Kind> {
 protected:
  Address address(int rank) const {
    return GetParam() == Address::Kind::Unix ? sockets.address(rank)
                                             : parse_address("tcp:127.0.0.1:0");
  }
  static Clock::time_point soon() { return Clock::now() + kPatience; }

  SocketDirectory sockets;
};

INSTANTIATE_TEST_SUITE_P(Recruit, Recruits,
                         testing::Values(Address::Kind::Unix, Address::Kind::Tcp),
                         [](const auto& each) {
                           return each.param == Address::Kind::Unix ? "Unix" : "Tcp";
                         });

TEST_P(Recruits, HostsThatCallGetTheLowestPlacesUntilNoneIsLeft) {
  Host rank_0(offering(3));
  std::thread joining([&] {
    EXPECT_THROW(rank_0.endpoint().join({.rank_0 = {}, .own = to_string(address(0)), .waiting = {}},
                                        kPatience),
                 Error);
  });
  const Address at = parse_address(rank_0.listens_at());
  for (int rank = 1; rank < 3; ++rank) {
    const Recruit found = enlist(at, unplaced(), soon());
    EXPECT_EQ(found.assignment, (Assignment{.rank = rank, .hosts = 3, .recipe = kRecipe}));
    EXPECT_EQ(found.own.kind, GetParam());
  }
  EXPECT_THAT([&] { (void)enlist(at, unplaced(), soon()); },
              testing::ThrowsMessage<Error>(HasSubstr("none is free")));
  Host leaves(options_of(1, 3));  // Ends the wait for the others.
  leaves.endpoint().connect(0, at);
  leaves.endpoint().close();
  joining.join();
}

TEST_P(Recruits, AHostThatWaitsIsCalledAndJoins) {
  std::promise<Address> listens;
  std::thread waiting([&] {
    const Recruit found =
        await_call({.own = address(1),
                    .identity = unplaced(),
                    .bound = kPatience,
                    .listening = [&](const Address& own) { listens.set_value(own); },
                    .refused = [](const auto&, const auto&) {}});
    EXPECT_EQ(found.assignment, (Assignment{.rank = 1, .hosts = 2, .recipe = kRecipe}));
    Host host(options_of(found.assignment.rank, found.assignment.hosts));
    host.endpoint().join({.rank_0 = {}, .own = to_string(found.own), .waiting = {}}, kPatience);
    EXPECT_TRUE(host.await_arrivals(1));
  });
  Host rank_0(offering(2));
  rank_0.endpoint().join(
      {.rank_0 = {}, .own = {}, .waiting = {to_string(listens.get_future().get())}}, kPatience);
  EXPECT_TRUE(rank_0.endpoint().send(1, wire::ReportQuestion{}));
  waiting.join();
}

TEST_P(Recruits, AWaitingHostOutlivesStrangersAndCallersThatGoAway) {
  std::promise<Address> listens;
  std::vector<std::string> refusals;
  std::future<Recruit> found = std::async(std::launch::async, [&] {
    return await_call(
        {.own = address(1),
         .identity = unplaced(),
         .bound = kPatience,
         .listening = [&](const Address& own) { listens.set_value(own); },
         .refused = [&](const auto& who, const auto& why) { refusals.push_back(who + why); }});
  });
  const Address at = listens.get_future().get();
  const Assignment assignment{.rank = 1, .hosts = 2, .recipe = kRecipe};
  Identity stranger = unplaced();
  stranger.token = "a guess";
  EXPECT_THAT([&] { recruit(at, stranger, assignment, soon()); },
              testing::ThrowsMessage<Error>(HasSubstr("its token is not that of this run")));
  Identity other = unplaced();
  other.cpu_path = "another path";
  EXPECT_THAT([&] { recruit(at, other, assignment, soon()); },
              testing::ThrowsMessage<Error>(
                  testing::AllOf(HasSubstr("'another path'"), HasSubstr("'path'"))));
  // Calls, and goes before it says what for.
  EXPECT_THROW(recruit(at, unplaced(),
                       {.rank = 1,
                        .hosts = 2,
                        .recipe = {.topology = std::string(kAssignmentLimits.header_bytes, 'x')}},
                       soon()),
               std::invalid_argument);
  recruit(at, unplaced(), assignment, soon());
  EXPECT_EQ(found.get().assignment, assignment);
  EXPECT_EQ(refusals.size(), 3U);
}

TEST(Recruit, NobodyWaitsForEver) {
  const SocketDirectory sockets;
  EXPECT_THAT(
      [&] {
        (void)await_call({.own = sockets.address(1),
                          .identity = unplaced(),
                          .bound = std::chrono::milliseconds(1),
                          .refused = [](const auto&, const auto&) {}});
      },
      testing::ThrowsMessage<Error>(HasSubstr("rank 0 has not called")));
  EXPECT_THAT([&] { (void)enlist(sockets.address(0), unplaced(), Clock::now()); },
              testing::ThrowsMessage<Error>(HasSubstr("no host can be reached")));
}

TEST(Recruit, TcpNeedsAToken) {
  Identity identity = unplaced();
  identity.token.clear();
  EXPECT_THROW((void)await_call({.own = parse_address("tcp:127.0.0.1:0"),
                                 .identity = identity,
                                 .refused = [](const auto&, const auto&) {}}),
               std::invalid_argument);
}

TEST(Places, AreFreeAgainIfNobodyComes) {
  const Clock::time_point start{};
  Places places(2, 4, std::chrono::seconds(10));
  Guests guests;
  EXPECT_EQ(places.free(guests, start), 2);
  places.give(2, start);
  EXPECT_EQ(places.free(guests, start), 3);
  places.give(3, start);
  EXPECT_EQ(places.free(guests, start), std::nullopt);
  guests.connected = {2};
  EXPECT_EQ(places.free(guests, start + std::chrono::seconds(11)), 3);
  guests.gone = {3};
  EXPECT_EQ(places.free(guests, start + std::chrono::seconds(11)), std::nullopt);
}

TEST(Assignment, IsWhatWasEncoded) {
  const Assignment assignment{.rank = 2, .hosts = 5, .recipe = kRecipe};
  const Frame frame = encode(assignment);
  EXPECT_EQ(decode_assignment(std::span(frame.head).subspan(kPreambleBytes)), assignment);
}

TEST(Assignment, OfNoRankAndCutShortIsRefused) {
  for (const Assignment& wrong : {Assignment{.rank = 0, .hosts = 2, .recipe = kRecipe},
                                  Assignment{.rank = 2, .hosts = 2, .recipe = kRecipe}}) {
    const Frame frame = encode(wrong);
    EXPECT_THROW((void)decode_assignment(std::span(frame.head).subspan(kPreambleBytes)),
                 std::invalid_argument);
  }
  const Frame frame = encode({.rank = 1, .hosts = 2, .recipe = kRecipe});
  for (std::size_t end = kPreambleBytes; end < frame.head.size(); ++end) {
    EXPECT_THROW((void)decode_assignment(std::span(frame.head).first(end).subspan(kPreambleBytes)),
                 std::invalid_argument);
  }
}

TEST(MachineRecipe, HasADigestOfAllThatItSays) {
  const std::string own = digest(kRecipe);
  EXPECT_EQ(digest(MachineRecipe(kRecipe)), own);
  MachineRecipe changed = kRecipe;
  changed.seed = 8;
  EXPECT_NE(digest(changed), own);
  changed = kRecipe;
  changed.timing_only = false;
  EXPECT_NE(digest(changed), own);
  changed = kRecipe;
  changed.settings.front() += "0";
  EXPECT_NE(digest(changed), own);
  changed = kRecipe;
  changed.topology += "0";
  EXPECT_NE(digest(changed), own);
}

TEST(PortReservation, LeavesThePortToWhoIsToldOfIt) {
  const PortReservation reserved;
  asio::io_context context;
  const asio::ip::tcp::endpoint where(asio::ip::address_v4::loopback(), reserved.port());
  asio::ip::tcp::socket early(context);
  asio::error_code error;
  early.connect(where, error);
  EXPECT_EQ(error, asio::error::connection_refused);
  asio::ip::tcp::acceptor acceptor(context, where);
  asio::ip::tcp::socket late(context);
  late.connect(where);
  EXPECT_TRUE(acceptor.accept().is_open());
}

}  // namespace
}  // namespace ttmesh::mesh
