#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "mesh/transport/endpoint.hpp"
#include "tests/transport/host.hpp"
#include "tests/transport/sample_messages.hpp"

namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;

/// A process of tests/transport/peer_program.cpp.
class Process {
 public:
  Process(const std::string& mode, const Address& address) {
    std::string program = TTMESH_TRANSPORT_PEER;
    std::string first = mode;
    std::string second = to_string(address);
    std::vector<char*> argv{program.data(), first.data(), second.data(), nullptr};
    const int error = posix_spawn(&pid_, program.c_str(), nullptr, nullptr, argv.data(), environ);
    if (error != 0) throw std::runtime_error(program + " cannot be started");
  }
  ~Process() {
    if (pid_ > 0) {
      signal(SIGKILL);
      (void)wait();
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const { ::kill(pid_, number); }

  // Its exit code; nothing if a signal ended it.
  std::optional<int> wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    if (!WIFEXITED(status)) return std::nullopt;
    return WEXITSTATUS(status);
  }

  // Memory that it has taken at most, in bytes.
  std::size_t peak_bytes() const {
    std::ifstream status(fmt::format("/proc/{}/status", pid_));
    for (std::string word; status >> word;) {
      std::size_t kilobytes = 0;
      if (word == "VmHWM:" && status >> kilobytes) return kilobytes << 10U;
    }
    throw std::runtime_error("no VmHWM");
  }

 private:
  pid_t pid_ = 0;
};

class TwoProcesses : public testing::TestWithParam<Address::Kind> {
 protected:
  void connect(const std::string& mode) {
    const Address address = host.endpoint().listen(
        GetParam() == Address::Kind::Unix ? sockets.address(0) : parse_address("tcp:127.0.0.1:0"));
    peer.emplace(mode, address);
    host.endpoint().await_peers(kPatience);
  }

  void expect_one_loss(const char* why) {
    ASSERT_TRUE(host.await_losses(1));
    EXPECT_EQ(host.losses().front().rank, 1);
    EXPECT_THAT(host.losses().front().why, HasSubstr(why));
    EXPECT_FALSE(host.endpoint().send(1, wire::ReportQuestion{}));
    host.endpoint().close();
    EXPECT_EQ(host.losses().size(), 1U);
  }

  SocketDirectory sockets;
  Host host{options_of(0, 2)};
  std::optional<Process> peer;
};

INSTANTIATE_TEST_SUITE_P(Peer, TwoProcesses,
                         testing::Values(Address::Kind::Unix, Address::Kind::Tcp),
                         [](const auto& each) {
                           return each.param == Address::Kind::Unix ? "Unix" : "Tcp";
                         });

TEST_P(TwoProcesses, SizesFromNothingTo64MiBReturnInOrder) {
  connect("echo");
  const std::vector<std::size_t> sizes{0, 64 << 20, 4, 1 << 20, 64 << 10, 4096, 0, 16 << 20, 8};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    (void)host.endpoint().send(1, chunk_of(sizes[i], static_cast<std::int32_t>(i)));
  }
  ASSERT_TRUE(host.await_arrivals(sizes.size()));
  const std::vector<Host::Arrival> arrivals = host.take_arrivals();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(
        is_chunk_of(std::get<Chunk>(arrivals[i].message), sizes[i], static_cast<std::int32_t>(i)))
        << i;
  }
  host.endpoint().close();
  EXPECT_EQ(peer->wait(), 0);
  EXPECT_TRUE(host.losses().empty());
}

TEST_P(TwoProcesses, ManySmallMessagesReturnInOrder) {
  constexpr std::int32_t kCount = 20'000;
  connect("echo");
  for (std::int32_t i = 0; i < kCount; ++i) (void)host.endpoint().send(1, chunk_of(128, i));
  ASSERT_TRUE(host.await_arrivals(kCount));
  std::int32_t round = 0;
  for (const Host::Arrival& arrival : host.take_arrivals()) {
    ASSERT_TRUE(is_chunk_of(std::get<Chunk>(arrival.message), 128, round++));
  }
}

TEST_P(TwoProcesses, AKilledPeerIsLost) {
  connect("echo");
  peer->signal(SIGKILL);
  expect_one_loss("its process has ended or was killed");
}

TEST_P(TwoProcesses, APeerKilledAmidMessagesIsLostAndLetsGoOfThem) {
  connect("hold");
  const Chunk chunk = chunk_of(8 << 20, 0);
  for (int i = 0; i < 20; ++i) (void)host.endpoint().send(1, chunk);
  peer->signal(SIGKILL);
  ASSERT_TRUE(host.await_losses(1));
  host.endpoint().close();
  EXPECT_EQ(host.endpoint().held_bytes(1), 0U);
  const std::shared_ptr<const Buffer> values = chunk.piece.block->plain();
  EXPECT_EQ(values.use_count(), 2);  // The block's and this one.
  EXPECT_EQ(host.losses().size(), 1U);
}

TEST_P(TwoProcesses, AStoppedPeerIsLostAndIsToldWhenItGoesOn) {
  connect("echo");
  peer->signal(SIGSTOP);
  expect_one_loss("has been silent for 1.5 s");
  peer->signal(SIGCONT);
  EXPECT_EQ(peer->wait(), 4);
}

TEST_P(TwoProcesses, ASlowReaderTakesNoMoreMemoryThanItsWindow) {
  connect("hold");
  const std::size_t before = peer->peak_bytes();
  const Chunk chunk = chunk_of(4 << 20, 0);
  constexpr std::uint64_t kCount = 256;  // A gibibyte.
  for (std::uint64_t i = 0; i < kCount; ++i) (void)host.endpoint().send(1, chunk);
  // Two of them fill the window.
  ASSERT_TRUE(host.endpoint().await_room(1, (kCount - 2) * (4 << 20) + (1 << 20), kPatience));
  EXPECT_GE(host.endpoint().held_bytes(1), (kCount - 3) * (4 << 20));
  EXPECT_LT(peer->peak_bytes(), before + (32 << 20));

  (void)host.endpoint().send(1, wire::Record{});  // Goes on.
  ASSERT_TRUE(host.endpoint().await_room(1, 0, kPatience));
  std::uint64_t received = 0;
  for (std::uint64_t wave = 0; received < kCount; ++wave) {
    (void)host.endpoint().send(1, wire::ActivityProbe{wave});
    ASSERT_TRUE(host.await_arrivals(1));
    received = std::get<wire::ActivityCount>(host.take_arrivals().front().message).received;
  }
  EXPECT_EQ(received, kCount);
}

TEST_P(TwoProcesses, APeerEndsWhenThisHostIsGone) {
  const Address address = parse_address(
      GetParam() == Address::Kind::Unix ? to_string(sockets.address(1)) : "tcp:127.0.0.1:0");
  {
    Host short_lived(options_of(0, 2));
    peer.emplace("echo", short_lived.endpoint().listen(address));
    short_lived.endpoint().await_peers(kPatience);
  }
  EXPECT_EQ(peer->wait(), 0);
}

}  // namespace
}  // namespace ttmesh::mesh
