#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>

#include "tests/transport/sample_messages.hpp"
#include "tests/transport/two_processes.hpp"

// What becomes of a host that loses another one. Over MPI the whole job ends: tests/cli/ranks_test.
namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;

class LostPeer : public TwoProcesses {
 protected:
  void expect_one_loss(const char* why) {
    ASSERT_TRUE(host->await_losses(1));
    EXPECT_EQ(host->losses().front().rank, 1);
    EXPECT_THAT(host->losses().front().why, HasSubstr(why));
    EXPECT_FALSE(transport().send(1, wire::ReportQuestion{}));
    transport().close();
    EXPECT_EQ(host->losses().size(), 1U);
  }
};

INSTANTIATE_TEST_SUITE_P(Peer, LostPeer, testing::Values(TransportKind::Unix, TransportKind::Tcp),
                         [](const auto& each) { return std::string(to_string(each.param)); });

TEST_P(LostPeer, IsReportedOnceItIsKilled) {
  connect();
  peer->signal(SIGKILL);
  expect_one_loss("its process has ended or was killed");
}

TEST_P(LostPeer, LetsGoOfWhatIsUnderWayToIt) {
  connect();
  tell_to_hold(true);
  const Chunk chunk = chunk_of(8 << 20, 0);
  for (int i = 0; i < 20; ++i) (void)transport().send(1, chunk);
  peer->signal(SIGKILL);
  ASSERT_TRUE(host->await_losses(1));
  transport().close();
  EXPECT_EQ(transport().held_bytes(1), 0U);
  const std::shared_ptr<const Buffer> values = chunk.piece.block->plain();
  EXPECT_EQ(values.use_count(), 2);  // The block's and this one.
  EXPECT_EQ(host->losses().size(), 1U);
}

TEST_P(LostPeer, IsToldWhenItGoesOnAfterItWasStopped) {
  connect();
  peer->signal(SIGSTOP);
  expect_one_loss("has been silent for 1.5 s");
  peer->signal(SIGCONT);
  EXPECT_EQ(peer->wait(), 4);
}

}  // namespace
}  // namespace ttmesh::mesh
