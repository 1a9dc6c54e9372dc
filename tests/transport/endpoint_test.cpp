#include "mesh/transport/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/transport/host.hpp"
#include "tests/transport/sample_messages.hpp"

namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// Two hosts that are connected.
class Pair {
 public:
  explicit Pair(Address::Kind kind, Host::Settings settings_of_1 = {},
                TransportOptions options_of_1 = options_of(1, 2))
      : zero(options_of(0, 2)), one(options_of_1, std::move(settings_of_1)) {
    const Address address = zero.endpoint().listen(
        kind == Address::Kind::Unix ? sockets.address(0) : parse_address("tcp:127.0.0.1:0"));
    one.endpoint().connect(0, address);
    zero.endpoint().await_peers(kPatience);
  }

  SocketDirectory sockets;
  Host zero;
  Host one;
};

class OverEither : public testing::TestWithParam<Address::Kind> {};
INSTANTIATE_TEST_SUITE_P(Endpoint, OverEither,
                         testing::Values(Address::Kind::Unix, Address::Kind::Tcp),
                         [](const auto& each) {
                           return each.param == Address::Kind::Unix ? "Unix" : "Tcp";
                         });

TEST_P(OverEither, EveryMessageArrivesAsItWas) {
  Pair pair(GetParam());
  std::vector<std::string> sent;
  for (const Message& message : sample_messages()) {
    if (std::holds_alternative<wire::AddressBook>(message)) continue;  // The endpoints' own.
    if (std::holds_alternative<wire::Stop>(message)) continue;         // Likewise.
    EXPECT_TRUE(pair.zero.endpoint().send(1, message));
    sent.push_back(to_text(message));
  }
  ASSERT_TRUE(pair.one.await_arrivals(sent.size()));
  std::vector<std::string> received;
  for (const Host::Arrival& arrival : pair.one.take_arrivals()) {
    received.push_back(to_text(arrival.message));
  }
  EXPECT_EQ(received, sent);
}

TEST_P(OverEither, SizesFromNothingTo64MiBArriveInOrder) {
  Pair pair(GetParam());
  const std::vector<std::size_t> sizes{0,        4, 4096,          16 << 10, 64 << 10, 1 << 20, 4,
                                       64 << 20, 0, (1 << 20) + 4, 4096,     8 << 20,  12};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(pair.one.endpoint().send(0, chunk_of(sizes[i], static_cast<std::int32_t>(i))));
  }
  ASSERT_TRUE(pair.zero.await_arrivals(sizes.size()));
  const std::vector<Host::Arrival> arrivals = pair.zero.take_arrivals();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(
        is_chunk_of(std::get<Chunk>(arrivals[i].message), sizes[i], static_cast<std::int32_t>(i)))
        << i;
  }
}

TEST_P(OverEither, ManySmallMessagesBothWaysArriveInOrder) {
  constexpr std::int32_t kCount = 20'000;
  Pair pair(GetParam());
  const auto send_all = [](Host& host, int to) {
    for (std::int32_t i = 0; i < kCount; ++i) (void)host.endpoint().send(to, chunk_of(64, i));
  };
  std::thread other([&] { send_all(pair.one, 0); });
  send_all(pair.zero, 1);
  other.join();
  for (Host* host : {&pair.zero, &pair.one}) {
    ASSERT_TRUE(host->await_arrivals(kCount));
    std::int32_t round = 0;
    for (const Host::Arrival& arrival : host->take_arrivals()) {
      ASSERT_TRUE(is_chunk_of(std::get<Chunk>(arrival.message), 64, round++));
    }
  }
}

TEST_P(OverEither, ASlowReaderSlowsTheSenderDownAndLosesNothing) {
  TransportOptions options = options_of(1, 2);
  options.window_bytes = 1 << 20;
  Pair pair(GetParam(), {.keep_receipts = true}, options);
  constexpr std::size_t kBytes = 256 << 10;
  constexpr std::size_t kCount = 40;
  for (std::size_t i = 0; i < kCount; ++i) {
    EXPECT_TRUE(pair.zero.endpoint().send(1, chunk_of(kBytes, static_cast<std::int32_t>(i))));
  }
  // Of 40 quarters of a window four fit; heads are not counted as payload, so no fifth.
  ASSERT_TRUE(pair.one.await_arrivals(4));
  ASSERT_TRUE(pair.zero.endpoint().await_room(1, 37 * kBytes, kPatience));
  EXPECT_FALSE(pair.zero.endpoint().await_room(1, 35 * kBytes, std::chrono::milliseconds(100)));
  EXPECT_GE(pair.zero.endpoint().held_bytes(1), 36 * kBytes);
  // Other streams go on.
  EXPECT_TRUE(pair.zero.endpoint().send(1, wire::ActivityProbe{9}));
  ASSERT_TRUE(pair.one.await_arrivals(5));

  pair.one.release_receipts();
  ASSERT_TRUE(pair.one.await_arrivals(kCount + 1));
  EXPECT_TRUE(pair.zero.endpoint().await_room(1, 0, kPatience));
  std::int32_t round = 0;
  for (const Host::Arrival& arrival : pair.one.take_arrivals()) {
    const auto* chunk = std::get_if<Chunk>(&arrival.message);
    if (chunk == nullptr) continue;
    EXPECT_TRUE(is_chunk_of(*chunk, kBytes, round++));
  }
  EXPECT_EQ(round, static_cast<std::int32_t>(kCount));
}

TEST_P(OverEither, AGoodbyeIsNoLoss) {
  Pair pair(GetParam());
  EXPECT_TRUE(pair.one.endpoint().send(0, chunk_of(1 << 20, 0)));
  pair.one.endpoint().close();
  ASSERT_TRUE(pair.zero.await_arrivals(2));
  const std::vector<Host::Arrival> arrivals = pair.zero.take_arrivals();
  EXPECT_TRUE(std::holds_alternative<Chunk>(arrivals[0].message));
  EXPECT_TRUE(std::holds_alternative<wire::Stop>(arrivals[1].message));
  pair.zero.endpoint().close();
  EXPECT_TRUE(pair.zero.losses().empty());
  EXPECT_TRUE(pair.one.losses().empty());
  EXPECT_FALSE(pair.zero.endpoint().send(1, wire::ReportQuestion{}));
}

TEST(Endpoint, ClosesFromBothSidesAtOnce) {
  for (int i = 0; i < 20; ++i) {
    Pair pair(Address::Kind::Unix);
    std::thread other([&] { pair.one.endpoint().close(); });
    pair.zero.endpoint().close();
    other.join();
    EXPECT_TRUE(pair.zero.losses().empty());
    EXPECT_TRUE(pair.one.losses().empty());
  }
}

TEST(Endpoint, ClosingOnASlowReaderIsBoundedAndItsLoss) {
  TransportOptions options = options_of(1, 2);
  options.window_bytes = 1 << 10;
  Pair pair(Address::Kind::Unix, {.keep_receipts = true}, options);
  for (int i = 0; i < 4; ++i) (void)pair.zero.endpoint().send(1, chunk_of(4096, i));
  pair.zero.endpoint().close();
  ASSERT_TRUE(pair.one.await_losses(1));
  EXPECT_THAT(pair.one.losses().front().why, HasSubstr("closed before"));
}

std::ptrdiff_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

TEST(Endpoint, ClosingEndsItsThreadsAndRemovesItsSocket) {
  const std::ptrdiff_t before = thread_count();
  const SocketDirectory sockets;
  {
    Host host(options_of(0, 2));
    host.endpoint().listen(sockets.address(0));
    EXPECT_EQ(thread_count(), before + 2);
    EXPECT_FALSE(std::filesystem::is_empty(sockets.path()));
    host.endpoint().close();
    host.endpoint().close();
  }
  EXPECT_EQ(thread_count(), before);
  EXPECT_TRUE(std::filesystem::is_empty(sockets.path()));
}

TEST_P(OverEither, FourHostsFindEachOtherThroughRank0) {
  constexpr int kHosts = 4;
  const SocketDirectory sockets;
  std::deque<Host> hosts;
  for (int rank = 0; rank < kHosts; ++rank) hosts.emplace_back(options_of(rank, kHosts));
  Address rank_0;
  for (int rank = kHosts - 1; rank >= 0; --rank) {
    rank_0 = hosts[static_cast<std::size_t>(rank)].endpoint().listen(
        GetParam() == Address::Kind::Unix ? sockets.address(rank) : parse_address("tcp:0.0.0.0:0"));
  }
  if (rank_0.kind == Address::Kind::Tcp) rank_0.name = "127.0.0.1";
  std::vector<std::thread> threads;
  for (int rank = 0; rank < kHosts; ++rank) {
    threads.emplace_back([&, rank] {
      Endpoint& endpoint = hosts[static_cast<std::size_t>(rank)].endpoint();
      endpoint.join({.rank_0 = to_string(rank_0), .own = {}}, kPatience);
      for (int to = 0; to < kHosts; ++to) {
        if (to != rank) (void)endpoint.send(to, chunk_of(1000, rank));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (Host& host : hosts) {
    ASSERT_TRUE(host.await_arrivals(kHosts - 1));
    for (const Host::Arrival& arrival : host.take_arrivals()) {
      EXPECT_TRUE(is_chunk_of(std::get<Chunk>(arrival.message), 1000, arrival.rank));
    }
  }
}

TEST(Endpoint, ReportsWhoIsMissing) {
  Host host(options_of(1, 3));
  EXPECT_THAT([&] { host.endpoint().await_peers(std::chrono::milliseconds(1)); },
              ThrowsMessage<Error>(HasSubstr("2 of 3 hosts are missing after 0.0 s: rank 0, 2")));
}

TEST(Endpoint, ReportsAnAddressWhereNobodyListens) {
  const SocketDirectory sockets;
  TransportOptions options = options_of(1, 2);
  options.handshake_bound = std::chrono::milliseconds(50);
  Host host(options);
  EXPECT_THAT([&] { host.endpoint().connect(0, sockets.address(0)); },
              ThrowsMessage<Error>(HasSubstr("no host can be reached at unix:")));
}

TEST(Endpoint, TcpNeedsAToken) {
  TransportOptions options = options_of(1, 2);
  options.identity.token.clear();
  Host host(options);
  const Address address = parse_address("tcp:127.0.0.1:0");
  EXPECT_THAT([&] { host.endpoint().listen(address); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("without a token")));
  EXPECT_THROW(host.endpoint().connect(0, address), std::invalid_argument);
}

TEST(Endpoint, AUnixSocketNeedsAPrivateFolder) {
  const SocketDirectory sockets;
  std::filesystem::permissions(sockets.path(), std::filesystem::perms::group_exec,
                               std::filesystem::perm_options::add);
  Host host(options_of(0, 2));
  EXPECT_THAT([&] { host.endpoint().listen(sockets.address(0)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("mode 0710, needs one")));
}

TEST(Endpoint, RefusesMisuse) {
  EXPECT_THROW(Host(options_of(2, 2)), std::invalid_argument);
  EXPECT_THROW(Endpoint(options_of(0, 2), {}), std::invalid_argument);
  Host host(options_of(0, 2));
  EXPECT_THROW((void)host.endpoint().send(1, wire::ReportQuestion{}), std::invalid_argument);
  EXPECT_THROW((void)host.endpoint().send(1, wire::Stop{}), std::invalid_argument);
}

struct MisfitGuest {
  const char* name;
  void (*change)(Identity&);
  const char* reason;
};

class MisfitGuests : public testing::TestWithParam<MisfitGuest> {};

// The host that is turned away throws the reason, the one that does so reports it.
TEST_P(MisfitGuests, AreTurnedAwayWithAReasonOnBothSides) {
  const SocketDirectory sockets;
  Host zero(options_of(0, 3));
  Host one(options_of(1, 3));
  zero.endpoint().listen(sockets.address(0));
  one.endpoint().connect(0, sockets.address(0));
  TransportOptions options = options_of(2, 3);
  GetParam().change(options.identity);
  Host misfit(options);
  EXPECT_THAT([&] { misfit.endpoint().connect(0, sockets.address(0)); },
              ThrowsMessage<Error>(HasSubstr(GetParam().reason)));
  ASSERT_TRUE(zero.await_refusals(1));
  EXPECT_THAT(zero.refusals().front(), HasSubstr(GetParam().reason));
  // The others do not notice.
  EXPECT_TRUE(zero.endpoint().send(1, wire::ReportQuestion{}));
  EXPECT_TRUE(one.await_arrivals(1));
}

INSTANTIATE_TEST_SUITE_P(
    Endpoint, MisfitGuests,
    testing::Values(
        MisfitGuest{"Token", [](Identity& identity) { identity.token = "guess"; },
                    "its token is not"},
        MisfitGuest{"Topology", [](Identity& identity) { identity.topology_digest = "other"; },
                    "its topology 'other'"},
        MisfitGuest{"CpuPath", [](Identity& identity) { identity.cpu_path = "other"; },
                    "its CPU path 'other'"},
        MisfitGuest{"Duplicate", [](Identity& identity) { identity.rank = 1; },
                    "connected already"},
        MisfitGuest{"Hosts", [](Identity& identity) { identity.hosts = 4; }, "4 hosts"}),
    [](const auto& each) { return each.param.name; });

TEST(Endpoint, RefusesARankOtherThanExpected) {
  const SocketDirectory sockets;
  Host one(options_of(1, 3));
  Host two(options_of(2, 3));
  one.endpoint().listen(sockets.address(1));
  EXPECT_THAT([&] { two.endpoint().connect(0, sockets.address(1)); },
              ThrowsMessage<Error>(HasSubstr("it has rank 1, needs 0")));
  ASSERT_TRUE(one.await_losses(1));
  EXPECT_THAT(one.losses().front().why, HasSubstr("turned this host away"));
}

TEST(Endpoint, RefusesALatecomer) {
  const SocketDirectory sockets;
  Host zero(options_of(0, 3));
  zero.endpoint().listen(sockets.address(0));
  EXPECT_THROW(zero.endpoint().await_peers(std::chrono::milliseconds(1)), Error);
  Host one(options_of(1, 3));
  EXPECT_THAT([&] { one.endpoint().connect(0, sockets.address(0)); },
              ThrowsMessage<Error>(HasSubstr("too late")));
}

}  // namespace
}  // namespace ttmesh::mesh
