#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/transport/sample_messages.hpp"
#include "tests/transport/two_processes.hpp"

// What holds whatever carries the messages.
namespace ttmesh::mesh {
namespace {

INSTANTIATE_TEST_SUITE_P(Peer, TwoProcesses,
                         testing::Values(TransportKind::Unix, TransportKind::Tcp,
                                         TransportKind::Mpi),
                         [](const auto& each) { return std::string(to_string(each.param)); });

TEST_P(TwoProcesses, EveryMessageReturnsAsItWas) {
  connect();
  std::vector<std::string> sent;
  for (const Message& message : sample_messages()) {
    const bool is_heeded = std::holds_alternative<wire::AddressBook>(message) ||
                           std::holds_alternative<wire::Stop>(message) ||
                           std::holds_alternative<wire::Record>(message) ||
                           std::holds_alternative<wire::ReportQuestion>(message) ||
                           std::holds_alternative<wire::ActivityProbe>(message);
    if (is_heeded) continue;  // By the transport, or the peer.
    EXPECT_TRUE(transport().send(1, message));
    sent.push_back(to_text(message));
  }
  ASSERT_TRUE(host->await_arrivals(sent.size()));
  std::vector<std::string> received;
  for (const Host::Arrival& arrival : host->take_arrivals()) {
    received.push_back(to_text(arrival.message));
  }
  EXPECT_EQ(received, sent);
}

TEST_P(TwoProcesses, SizesFromNothingTo64MiBReturnInOrder) {
  connect();
  const std::vector<std::size_t> sizes{0, 64 << 20, 4, 1 << 20, 64 << 10, 4096, 0, 16 << 20, 8};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    (void)transport().send(1, chunk_of(sizes[i], static_cast<std::int32_t>(i)));
  }
  ASSERT_TRUE(host->await_arrivals(sizes.size()));
  const std::vector<Host::Arrival> arrivals = host->take_arrivals();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(
        is_chunk_of(std::get<Chunk>(arrivals[i].message), sizes[i], static_cast<std::int32_t>(i)))
        << i;
  }
  transport().close();
  EXPECT_TRUE(host->losses().empty());
}

TEST_P(TwoProcesses, ManySmallMessagesReturnInOrder) {
  constexpr std::int32_t kCount = 20'000;
  connect();
  for (std::int32_t i = 0; i < kCount; ++i) (void)transport().send(1, chunk_of(128, i));
  ASSERT_TRUE(host->await_arrivals(kCount));
  std::int32_t round = 0;
  for (const Host::Arrival& arrival : host->take_arrivals()) {
    ASSERT_TRUE(is_chunk_of(std::get<Chunk>(arrival.message), 128, round++));
  }
}

TEST_P(TwoProcesses, ASlowReaderTakesNoMoreMemoryThanItsWindow) {
  connect();
  tell_to_hold(true);
  const auto before = ask();
  ASSERT_TRUE(before);
  const Chunk chunk = chunk_of(4 << 20, 0);
  constexpr std::uint64_t kCount = 256;  // A gibibyte.
  for (std::uint64_t i = 0; i < kCount; ++i) (void)transport().send(1, chunk);
  // Two of them fill the window.
  ASSERT_TRUE(transport().await_room(1, (kCount - 2) * (4 << 20) + (1 << 20), kPatience));
  EXPECT_GE(transport().held_bytes(1), (kCount - 3) * (4 << 20));
  const auto during = ask();
  ASSERT_TRUE(during);
  EXPECT_LT(during->sent, before->sent + (32 << 20));

  tell_to_hold(false);
  ASSERT_TRUE(transport().await_room(1, 0, kPatience));
  std::uint64_t received = 0;
  while (received < kCount) {
    const auto count = ask();
    ASSERT_TRUE(count);
    received = count->received;
  }
  EXPECT_EQ(received, kCount);
}

TEST_P(TwoProcesses, OtherStreamsGoOnBesideOneWithoutCredit) {
  connect();
  tell_to_hold(true);
  for (int i = 0; i < 8; ++i) (void)transport().send(1, chunk_of(4 << 20, 0));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ask());
  EXPECT_GT(transport().held_bytes(1), 0U);
  tell_to_hold(false);
  EXPECT_TRUE(transport().await_room(1, 0, kPatience));
}

TEST_P(TwoProcesses, AGoodbyeIsNoLoss) {
  connect();
  EXPECT_TRUE(transport().send(1, chunk_of(1 << 20, 0)));
  ASSERT_TRUE(host->await_arrivals(1));
  transport().close();
  EXPECT_FALSE(transport().send(1, wire::ActivityProbe{}));
  EXPECT_TRUE(host->losses().empty());
  if (peer) {
    EXPECT_EQ(peer->wait(), 0);
  }
}

TEST_P(TwoProcesses, ClosingTwiceDoesNothing) {
  connect();
  transport().close();
  transport().close();
  EXPECT_TRUE(host->losses().empty());
}

}  // namespace
}  // namespace ttmesh::mesh
