#include "mesh/transport/mpi_frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/transport/message_codec.hpp"
#include "tests/transport/host.hpp"
#include "tests/transport/mpi_alone.hpp"
#include "tests/transport/sample_messages.hpp"

namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::size_t kMiB = 1 << 20;

class MpiFrames : public MpiAlone {
 protected:
  /// Reads until `count` frames are whole, at most for kPatience.
  std::vector<ReceivedFrame> receive(std::size_t count) {
    std::vector<ReceivedFrame> frames;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (frames.size() < count && std::chrono::steady_clock::now() < deadline) {
      while (const auto head = match_head()) reader.take(head->message, head->bytes);
      reader.ask();
      while (auto frame = reader.next()) frames.push_back(*std::move(frame));
      (void)writer.reap();
    }
    return frames;
  }

  /// Sends a head that no writer makes, and reads it.
  void receive_forged(const std::vector<std::byte>& head) {
    MPI_Request request = MPI_REQUEST_NULL;
    require_success(MPI_Isend(head.data(), static_cast<int>(head.size()), MPI_BYTE, kSelf,
                              tags.heads, MPI_COMM_WORLD, &request),
                    "MPI_Isend");
    (void)receive(1);
  }

  MpiFrameWriter writer{kSelf, tags};
  MpiFrameReader reader{kSelf, tags, {.header_bytes = 1 << 16, .payload_bytes = 64 * kMiB}};
};

TEST_F(MpiFrames, WithoutAPayloadArriveAsTheyWere) {
  writer.write(encode_refusal("no"));
  const std::vector<ReceivedFrame> frames = receive(1);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].preamble.kind, FrameKind::Refusal);
  EXPECT_EQ(decode_refusal(frames[0].header), "no");
  EXPECT_FALSE(frames[0].message);
}

TEST_F(MpiFrames, OfEveryMessageArriveAsTheyWere) {
  std::vector<std::string> sent;
  for (const Message& message : sample_messages()) {
    writer.write(encode(message));
    sent.push_back(to_text(message));
  }
  std::vector<std::string> received;
  for (const ReceivedFrame& frame : receive(sent.size())) {
    received.push_back(to_text(frame.message.value()));
  }
  EXPECT_EQ(received, sent);
}

// MPI carries a payload in sections of 4 MiB; long ones are read on a thread of their own.
TEST_F(MpiFrames, AroundTheLengthOfASectionArriveInOrder) {
  const std::vector<std::size_t> sizes{4 * kMiB, 0, 4 * kMiB - 4, 4, 4 * kMiB + 4, 20 * kMiB, 4};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    writer.write(encode(chunk_of(sizes[i], static_cast<std::int32_t>(i))));
  }
  const std::vector<ReceivedFrame> frames = receive(sizes.size());
  ASSERT_EQ(frames.size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(is_chunk_of(std::get<Chunk>(frames[i].message.value()), sizes[i],
                            static_cast<std::int32_t>(i)))
        << i;
  }
}

TEST_F(MpiFrames, OfManyPartsAreReadWhereTheyLie) {
  // Every other row of 2 KiB of a block: more than a section's worth of parts.
  constexpr std::int64_t kRow = 512;
  constexpr std::int64_t kRows = 3000;
  Chunk chunk = chunk_of(2 * kRows * kRow * 4, 7);
  chunk.piece.region = {.rows = kRows, .row_length = kRow, .stride = 2 * kRow, .end = kRows * kRow};
  chunk.piece.bytes = kRows * kRow * 4;
  EXPECT_EQ(encode(chunk).payload.size(), static_cast<std::size_t>(kRows));
  writer.write(encode(chunk));
  const std::vector<ReceivedFrame> frames = receive(1);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(to_text(frames[0].message.value()), to_text(chunk));
}

TEST_F(MpiFrames, AreLetGoOfOnceTheyAreThrough) {
  const Chunk chunk = chunk_of(8 * kMiB, 0);
  Frame frame = encode(chunk);
  const std::size_t bytes = frame.bytes();
  writer.write(std::move(frame));
  EXPECT_EQ(writer.reap(), 0U);  // Nobody has asked for the payload.
  EXPECT_EQ(writer.bytes(), bytes);
  ASSERT_EQ(receive(1).size(), 1U);
  while (writer.frames() > 0) (void)writer.reap();
  EXPECT_EQ(writer.bytes(), 0U);
  EXPECT_EQ(chunk.piece.block->plain().use_count(), 2);  // The block's and this one.
}

std::vector<std::byte> head_of(const Preamble& preamble, std::size_t header_bytes) {
  const auto encoded = encode(preamble);
  std::vector<std::byte> head(encoded.begin(), encoded.end());
  head.resize(head.size() + header_bytes);
  return head;
}

TEST_F(MpiFrames, ShorterThanAPreambleAreRefused) {
  EXPECT_THAT([&] { receive_forged(std::vector<std::byte>(kPreambleBytes - 1)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("[take] the head of a frame has 19")));
}

TEST_F(MpiFrames, WithALongerHeaderThanIsAllowedAreRefused) {
  EXPECT_THAT([&] { receive_forged(std::vector<std::byte>(kPreambleBytes + (1 << 16) + 1)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("needs 20 to 65556")));
}

TEST_F(MpiFrames, ThatAreNoneAreRefused) {
  EXPECT_THROW(receive_forged(std::vector<std::byte>(100)), std::invalid_argument);
}

TEST_F(MpiFrames, WithAnotherHeaderThanAnnouncedAreRefused) {
  EXPECT_THAT(
      [&] { receive_forged(head_of({.kind = FrameKind::Credit, .header_bytes = 8}, 9)); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("a header of 9 bytes, announced with 8")));
}

TEST_F(MpiFrames, ThatMayHaveNoPayloadAreRefusedWithOne) {
  EXPECT_THAT(
      [&] { receive_forged(head_of({.kind = FrameKind::Heartbeat, .payload_bytes = 4}, 0)); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("with a payload of 4 bytes, needs none")));
}

TEST_F(MpiFrames, WithALongerPayloadThanIsAllowedAreRefusedBeforeItIsMade) {
  EXPECT_THROW(
      receive_forged(head_of({.kind = FrameKind::Chunk, .payload_bytes = 64 * kMiB + 1}, 0)),
      std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::mesh
