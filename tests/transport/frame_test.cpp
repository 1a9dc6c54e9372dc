#include "mesh/transport/frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <stdexcept>

#include "mesh/transport/frame_reader.hpp"
#include "tests/transport/sample_messages.hpp"

namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Preamble, IsLittleEndianAndFixed) {
  const auto bytes = encode(
      Preamble{.kind = FrameKind::Chunk, .header_bytes = 0x01020304, .payload_bytes = 0x0506});
  const std::array<unsigned char, kPreambleBytes> expected{'t', 't', 'm', 'f', 1, 0, 7, 0, 4, 3,
                                                           2,   1,   6,   5,   0, 0, 0, 0, 0, 0};
  EXPECT_EQ(std::memcmp(bytes.data(), expected.data(), kPreambleBytes), 0);
  EXPECT_EQ(decode_preamble(bytes, {.header_bytes = 0x01020304}).payload_bytes, 0x0506U);
}

TEST(Preamble, RefusesWhatIsNone) {
  auto bytes = encode(Preamble{.kind = FrameKind::Chunk});
  bytes[0] = std::byte{'x'};
  EXPECT_THAT([&] { (void)decode_preamble(bytes, {}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("no ttmesh host")));
}

TEST(Preamble, RefusesUnknownKinds) {
  for (const int kind : {0, 18, 255}) {
    auto bytes = encode(Preamble{.kind = FrameKind::Chunk});
    bytes[6] = static_cast<std::byte>(kind);
    EXPECT_THROW((void)decode_preamble(bytes, {}), std::invalid_argument);
  }
}

TEST(Preamble, RefusesLengthsPastTheLimits) {
  const auto header = encode(Preamble{.kind = FrameKind::Chunk, .header_bytes = 101});
  const auto payload = encode(Preamble{.kind = FrameKind::Chunk, .payload_bytes = 1001});
  const FrameLimits limits{.header_bytes = 100, .payload_bytes = 1000};
  EXPECT_THAT([&] { (void)decode_preamble(header, limits); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("101 header")));
  EXPECT_THAT([&] { (void)decode_preamble(payload, limits); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("1001 payload")));
}

TEST(Preamble, HandshakesAloneMayHaveAnotherVersion) {
  const auto chunk = encode(Preamble{.kind = FrameKind::Chunk, .version = 9});
  EXPECT_THAT([&] { (void)decode_preamble(chunk, {}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("version 9, needs 1")));
  const auto refusal = encode(Preamble{.kind = FrameKind::Refusal, .version = 9});
  EXPECT_EQ(decode_preamble(refusal, {}).version, 9);
}

// Feeds `bytes` to a reader in parts of at most `part` bytes; the messages' texts.
std::vector<std::string> read_in_parts(const std::vector<std::byte>& bytes, std::size_t part,
                                       FrameReader& reader) {
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t put = 0;
    const std::size_t most = std::min(part, bytes.size() - at);
    for (const std::span<std::byte>& span : reader.room()) {
      const std::size_t count = std::min(span.size(), most - put);
      if (count > 0) std::memcpy(span.data(), bytes.data() + at + put, count);
      put += count;
    }
    EXPECT_GT(put, 0U);
    at += put;
    reader.took(put);
    while (const auto frame = reader.next()) texts.push_back(to_text(*frame->message));
  }
  return texts;
}

TEST(FrameReader, CutsAStreamHoweverItComes) {
  std::vector<std::byte> stream;
  std::vector<std::string> expected;
  for (int i = 0; i < 3; ++i) {
    for (const Message& message : sample_messages()) {
      const std::vector<std::byte> bytes = flattened(encode(message));
      stream.insert(stream.end(), bytes.begin(), bytes.end());
      expected.push_back(to_text(message));
    }
  }
  for (const std::size_t part : {1, 7, 20, 1000, 4096, 100'000, 10'000'000}) {
    FrameReader reader({});
    EXPECT_EQ(read_in_parts(stream, part, reader), expected) << "in parts of " << part;
  }
}

TEST(FrameReader, OffersTheFinalBufferForThePayload) {
  const std::vector<std::byte> bytes = flattened(encode(Message(chunk_of(1 << 20, 0))));
  FrameReader reader({});
  ASSERT_TRUE(read_in_parts({bytes.begin(), bytes.begin() + 1000}, 1000, reader).empty());
  const std::size_t left = bytes.size() - 1000;
  EXPECT_EQ(reader.room().front().size(), left);
}

TEST(FrameReader, AllocatesNothingForARefusedLength) {
  const auto bytes = encode(Preamble{.kind = FrameKind::Chunk, .payload_bytes = ~std::uint64_t{0}});
  FrameReader reader({});
  EXPECT_THROW((void)read_in_parts({bytes.begin(), bytes.end()}, 20, reader),
               std::invalid_argument);
}

TEST(FrameReader, RefusesPayloadsOfWhatIsNoMessage) {
  const auto bytes = encode(Preamble{.kind = FrameKind::Credit, .payload_bytes = 1});
  FrameReader reader({});
  EXPECT_THROW((void)read_in_parts({bytes.begin(), bytes.end()}, 20, reader),
               std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::mesh
