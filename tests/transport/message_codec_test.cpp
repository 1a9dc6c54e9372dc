#include "mesh/transport/message_codec.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "tests/transport/sample_messages.hpp"

namespace ttmesh::mesh {
namespace {

TEST(MessageCodec, EveryTypeOfMessageRoundTrips) {
  std::set<std::size_t> types;
  for (const Message& message : sample_messages()) {
    types.insert(message.index());
    EXPECT_EQ(to_text(decode_message(flattened(encode(message)), {})), to_text(message));
  }
  EXPECT_EQ(types.size(), std::variant_size_v<Message>);
}

TEST(MessageCodec, APieceArrivesInABlockOfItsOwn) {
  const Chunk chunk = chunk_of(4096, 0);
  Chunk part = chunk;
  part.piece.region.begin = 256;
  part.piece.region.end = 512;
  const auto copy = std::get<Chunk>(decode_message(flattened(encode(Message(part))), {}));
  EXPECT_EQ(copy.piece.block->shape(), Shape({256}));
}

TEST(MessageCodec, ValuesAreReferredToWhereTheyLie) {
  const Chunk chunk = chunk_of(1 << 20, 0);
  const std::byte* held = chunk.piece.block->plain()->data();
  const Frame frame = encode(Message(chunk));
  ASSERT_EQ(frame.payload.size(), 1U);
  EXPECT_EQ(frame.payload.front().bytes.data(), held);
  EXPECT_LT(frame.head.size(), 200U);
}

TEST(MessageCodec, LongRunsAreReferredToOneByOne) {
  Chunk chunk = chunk_of(1 << 20, 0);
  chunk.piece.region = slice_region({4, 65536}, 1, 1, 2);
  const Frame frame = encode(Message(chunk));
  ASSERT_EQ(frame.payload.size(), 4U);
  EXPECT_EQ(frame.payload[1].bytes.data(),
            chunk.piece.block->plain()->data() + (65536 + 32768) * sizeof(float));
}

TEST(MessageCodec, AHeldFrameKeepsTheValuesAlive) {
  Frame frame;
  {
    const Chunk chunk = chunk_of(4096, 5);
    frame = encode(Message(chunk));
  }
  EXPECT_TRUE(is_chunk_of(std::get<Chunk>(decode_message(flattened(frame), {})), 4096, 5));
}

TEST(MessageCodec, RefusesARegionOutsideItsBlock) {
  Chunk chunk = chunk_of(4096, 0);
  chunk.piece.region.end += 1;
  EXPECT_THROW((void)encode(Message(chunk)), std::invalid_argument);
}

TEST(MessageCodec, EveryTruncationIsRefused) {
  for (const Message& message : sample_messages()) {
    const std::vector<std::byte> bytes = flattened(encode(message));
    for (std::size_t size = 0; size < bytes.size(); size += size < 256 ? 1 : 97) {
      EXPECT_THROW((void)decode_message(std::span(bytes).first(size), {}), std::invalid_argument);
    }
  }
}

TEST(MessageCodec, RefusesBuffersThatDoNotAddUpToThePayload) {
  Frame frame = encode(Message(chunk_of(64, 0)));
  std::vector<std::byte> bytes = flattened(frame);
  bytes[12] = std::byte{32};
  bytes.resize(bytes.size() - 32);
  EXPECT_THROW((void)decode_message(bytes, {}), std::invalid_argument);
}

TEST(MessageCodec, RefusesHeadersNestedTooDeeply) {
  std::vector<std::byte> header(4096, std::byte{0x91});  // An array of an array of ...
  EXPECT_THROW((void)decode_message(flattened(make_frame(FrameKind::Chunk, header)), {}),
               std::invalid_argument);
}

TEST(MessageCodec, StreamsAreLinkDirectionsAndKinds) {
  Chunk forward = chunk_of(4, 0);
  Chunk backward = forward;
  std::swap(backward.from, backward.to);
  std::set<StreamId> streams{stream_of(forward), stream_of(backward),
                             stream_of(wire::ActivityProbe{}), stream_of(Failure{})};
  EXPECT_EQ(streams.size(), 4U);
  EXPECT_EQ(stream_of(chunk_of(8, 9)), stream_of(forward));
}

}  // namespace
}  // namespace ttmesh::mesh
