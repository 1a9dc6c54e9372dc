#include "mesh/transport/mpi_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mesh/transport/message_codec.hpp"
#include "tests/transport/host.hpp"
#include "tests/transport/mpi_alone.hpp"
#include "tests/transport/sample_messages.hpp"

namespace ttmesh::mesh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A job that goes on whatever is given up. MPI may use that until the process ends.
class EnduringJob : public MpiJob {
 public:
  void wake() override {}
  void give_up(std::shared_ptr<void> kept) override {
    static auto* const kAll = new std::vector<std::shared_ptr<void>>;  // Outlives MPI.
    kAll->push_back(std::move(kept));
    ++given_up;
  }

  int given_up = 0;
};

/// A connection of this rank with itself: what it sends, it receives.
class MpiConnectionToItself : public MpiAlone {
 protected:
  void SetUp() override {
    MpiAlone::SetUp();
    connection = std::make_shared<MpiConnection>(
        job,
        MpiConnectionOptions{.rank = kSelf,
                             .tags = tags,
                             .receive_window_bytes = kWindow,
                             .silence_bound = std::chrono::seconds(60)},
        MpiConnectionHandlers{
            .introduced =
                [this](const Hello& guest) {
                  hellos.push_back(guest);
                  return is_welcome;
                },
            .connection = {.received =
                               [this](Message message, Receipt receipt) {
                                 if (keeps_receipts) receipts.push_back(std::move(receipt));
                                 messages.push_back(to_text(message));
                               },
                           .ended = [this](std::string why) { ends.push_back(std::move(why)); }}});
  }

  static Hello hello() {
    return {.identity = options_of(0, 2).identity, .window_bytes = kWindow, .address = {}};
  }

  /// Looks for what there is to do until `done`, at most for kPatience.
  void look_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      while (const auto head = match_head()) connection->take(head->message, head->bytes);
      (void)connection->poll();
    }
    EXPECT_TRUE(done());
  }
  void meet() {
    connection->introduce(hello());
    look_until([&] { return !hellos.empty(); });
  }
  bool has_ended() const { return !ends.empty(); }

  bool send(const Message& message) const {
    return connection->send(stream_of(message), encode(message));
  }
  /// Sends a frame that the connection itself would not.
  void inject(Frame frame) { forger.write(std::move(frame)); }

  static constexpr std::uint64_t kWindow = 1 << 20;

  EnduringJob job;
  bool is_welcome = true;
  bool keeps_receipts = false;
  std::vector<Hello> hellos;
  std::vector<std::string> messages;
  std::vector<std::string> ends;
  std::vector<Receipt> receipts;
  std::shared_ptr<MpiConnection> connection;
  MpiFrameWriter forger{kSelf, tags};
};

TEST_F(MpiConnectionToItself, SaysHelloBeforeAnythingElse) {
  meet();
  ASSERT_EQ(hellos.size(), 1U);
  EXPECT_EQ(hellos[0].identity.topology_digest, "digest");
  EXPECT_EQ(hellos[0].window_bytes, kWindow);
}

TEST_F(MpiConnectionToItself, DeliversMessagesInOrder) {
  meet();
  std::vector<std::string> sent;
  for (std::int32_t i = 0; i < 50; ++i) {
    const Chunk chunk = chunk_of(static_cast<std::size_t>(i) * 4096, i);
    EXPECT_TRUE(send(chunk));
    sent.push_back(to_text(chunk));
  }
  look_until([&] { return messages.size() == sent.size(); });
  EXPECT_EQ(messages, sent);
  look_until([&] { return connection->held_bytes() == 0; });
}

TEST_F(MpiConnectionToItself, SendsNoMoreThanTheWindowUntilItIsDoneWith) {
  meet();
  keeps_receipts = true;
  constexpr std::size_t kChunks = 12;
  constexpr std::size_t kBytes = kWindow / 4;
  const Chunk chunk = chunk_of(kBytes, 0);
  for (std::size_t i = 0; i < kChunks; ++i) (void)send(chunk);
  look_until([&] { return messages.size() == 4; });
  for (int i = 0; i < 1000; ++i) (void)connection->poll();
  EXPECT_EQ(messages.size(), 4U);
  EXPECT_GT(connection->held_bytes(), (kChunks - 4) * kBytes);
  EXPECT_FALSE(connection->await_room(0, std::chrono::milliseconds(0)));

  keeps_receipts = false;
  receipts.clear();
  look_until([&] { return messages.size() == kChunks; });
  look_until([&] { return connection->held_bytes() == 0; });
  EXPECT_TRUE(connection->await_room(0, std::chrono::milliseconds(0)));
}

TEST_F(MpiConnectionToItself, EndsWithoutALossAfterGoodbyes) {
  meet();
  (void)send(chunk_of(4096, 0));
  connection->say_goodbye("it closes");
  look_until([&] { return has_ended(); });
  EXPECT_EQ(messages.size(), 2U);  // The chunk, and the goodbye after it.
  EXPECT_THAT(ends, ElementsAre(""));
  EXPECT_TRUE(connection->await_end(std::chrono::milliseconds(0)));
  EXPECT_FALSE(send(chunk_of(4, 0)));
  EXPECT_EQ(job.given_up, 0);
}

TEST_F(MpiConnectionToItself, TakesNothingOfAPeerThatIsTurnedAway) {
  is_welcome = false;
  connection->introduce(hello());
  look_until([&] { return has_ended(); });
  EXPECT_THAT(ends, ElementsAre(""));
  EXPECT_THAT(messages, IsEmpty());
  EXPECT_FALSE(send(chunk_of(4, 0)));
}

TEST_F(MpiConnectionToItself, EndsTheJobWhenItIsEnded) {
  meet();
  connection->end("the network is cut");
  look_until([&] { return has_ended(); });
  EXPECT_THAT(ends, ElementsAre("the network is cut"));
  EXPECT_GT(job.given_up, 0);
  EXPECT_EQ(connection->held_bytes(), 0U);
}

TEST_F(MpiConnectionToItself, RefusesAMessageBeforeTheHello) {
  inject(encode(chunk_of(4, 0)));
  look_until([&] { return has_ended(); });
  EXPECT_THAT(ends, ElementsAre(HasSubstr("broke the protocol: [MpiConnection] a frame of kind")));
  EXPECT_THAT(messages, IsEmpty());
}

TEST_F(MpiConnectionToItself, RefusesASecondHello) {
  meet();
  inject(encode_hello(FrameKind::Hello, hello()));
  look_until([&] { return has_ended(); });
  EXPECT_THAT(ends, ElementsAre(HasSubstr("it says hello twice")));
  EXPECT_EQ(hellos.size(), 1U);
}

TEST_F(MpiConnectionToItself, RefusesWhatHasNoCredit) {
  meet();
  keeps_receipts = true;
  for (int i = 0; i < 5; ++i) inject(encode(chunk_of(kWindow / 4, i)));
  look_until([&] { return has_ended(); });
  EXPECT_EQ(messages.size(), 4U);
  EXPECT_THAT(ends, ElementsAre(HasSubstr("past its credit")));
}

TEST_F(MpiConnectionToItself, RefusesCreditThatWasNeverUsed) {
  meet();
  inject(encode(Credit{.stream = 3, .bytes = 1}));
  look_until([&] { return has_ended(); });
  EXPECT_THAT(ends, ElementsAre(HasSubstr("broke the protocol: [grant]")));
}

TEST_F(MpiConnectionToItself, RefusesWhatIsNoFrame) {
  meet();
  inject({.head = std::vector<std::byte>(64)});
  look_until([&] { return has_ended(); });
  EXPECT_THAT(ends, ElementsAre(HasSubstr("broke the protocol")));
}

}  // namespace
}  // namespace ttmesh::mesh
