#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "mesh/transport/assignment.hpp"
#include "mesh/transport/credit.hpp"
#include "mesh/transport/frame_reader.hpp"
#include "mesh/transport/handshake.hpp"
#include "mesh/transport/message_codec.hpp"
#include "tests/transport/sample_messages.hpp"

namespace ttmesh::mesh {
namespace {

/// Frames to try: the environment's TTMESH_MUTATIONS, or few.
int mutation_count() {
  const char* text = std::getenv("TTMESH_MUTATIONS");
  return text != nullptr ? std::atoi(text) : 5'000;
}

std::vector<std::vector<std::byte>> seeds() {
  std::vector<std::vector<std::byte>> all;
  for (const Message& message : sample_messages()) all.push_back(flattened(encode(message)));
  all.push_back(flattened(encode_hello(FrameKind::Hello, {.window_bytes = 1})));
  all.push_back(flattened(encode_refusal("no")));
  all.push_back(flattened(encode(Credit{.stream = 3, .bytes = 4})));
  all.push_back(flattened(encode(Assignment{
      .rank = 1, .hosts = 2, .recipe = {.topology = "ttmesh: 1", .settings = {"a=b"}}})));
  return all;
}

class Mutator {
 public:
  std::vector<std::byte> next() {
    std::vector<std::byte> bytes = seeds_[below(seeds_.size())];
    const auto changes = 1 + below(4);
    for (std::size_t i = 0; i < changes; ++i) mutate(bytes);
    // Half of them keep a preamble that fits, so that the header is looked at.
    if (bytes.size() >= kPreambleBytes && below(2) == 0) {
      const auto rest = bytes.size() - kPreambleBytes;
      const auto header = below(rest + 1);
      const auto kind = static_cast<FrameKind>(1 + below(17));
      const auto preamble = encode(Preamble{.kind = below(4) == 0 ? kind : kind_of(bytes),
                                            .header_bytes = static_cast<std::uint32_t>(
                                                below(2) == 0 ? header_of(bytes, rest) : header),
                                            .payload_bytes = 0});
      std::copy(preamble.begin(), preamble.end(), bytes.begin());
      const std::uint64_t payload = rest - header_of(bytes, rest);
      std::memcpy(bytes.data() + 12, &payload, sizeof(payload));
    }
    return bytes;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  static FrameKind kind_of(const std::vector<std::byte>& bytes) {
    return static_cast<FrameKind>(bytes[6]);
  }
  static std::size_t header_of(const std::vector<std::byte>& bytes, std::size_t most) {
    std::uint32_t header = 0;
    std::memcpy(&header, bytes.data() + 8, sizeof(header));
    return std::min<std::size_t>(header, most);
  }

  void mutate(std::vector<std::byte>& bytes) {
    if (bytes.empty()) return;
    const std::size_t at = below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<std::byte>(random_());
        return;
      case 1:
        bytes[at] ^= static_cast<std::byte>(1U << below(8));
        return;
      case 2:
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
        return;
      case 3:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     static_cast<std::byte>(random_()));
        return;
      case 4:  // The first bytes of msgpack's long forms.
        bytes[at] = static_cast<std::byte>(0xc0 + below(0x40));
        return;
      default:
        bytes.resize(at);
    }
  }

  const std::vector<std::vector<std::byte>> seeds_ = seeds();
  std::mt19937 random_{1};
};

// What a connection does with bytes; how many messages it would have passed on.
int read_all(const std::vector<std::byte>& bytes) {
  FrameReader reader({.header_bytes = 1U << 16U, .payload_bytes = 1U << 20U});
  int messages = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t put = 0;
    for (const std::span<std::byte>& span : reader.room()) {
      const std::size_t count = std::min(span.size(), bytes.size() - at - put);
      if (count > 0) std::memcpy(span.data(), bytes.data() + at + put, count);
      put += count;
    }
    at += put;
    reader.took(put);
    while (const auto frame = reader.next()) {
      if (frame->message) {
        (void)stream_of(*frame->message);
        ++messages;
      } else if (frame->preamble.kind == FrameKind::Credit) {
        (void)decode_credit(frame->header);
      } else if (frame->preamble.kind == FrameKind::Refusal) {
        (void)decode_refusal(frame->header);
      } else if (frame->preamble.kind == FrameKind::Assignment) {
        (void)decode_assignment(frame->header);
      } else if (frame->preamble.kind == FrameKind::Hello) {
        (void)decode_hello(frame->preamble, frame->header);
      }
    }
  }
  return messages;
}

TEST(Mutation, FramesAreReadOrRefused) {
  Mutator mutator;
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < mutation_count(); ++i) {
    const std::vector<std::byte> bytes = mutator.next();
    try {
      accepted += read_all(bytes);
    } catch (const std::invalid_argument& error) {
      ASSERT_NE(*error.what(), '\0');
      ++refused;
    }
  }
  EXPECT_GT(accepted, 0) << "the mutations never reach beyond the codec";
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace ttmesh::mesh
