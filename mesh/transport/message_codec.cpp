#include "mesh/transport/message_codec.hpp"

#include <fmt/format.h>

#include <cstring>
#include <msgpack.hpp>
#include <stdexcept>
#include <utility>

#include "mesh/program/elements.hpp"
#include "mesh/transport/message_body.hpp"

namespace ttmesh::mesh {
namespace {

// A header is [lengths of the payload's buffers, body]. The buffers are what the receiver fills and
// keeps; the sender may write one of them as many parts.

constexpr std::size_t kMaxBuffers = 4096;

[[noreturn]] void refuse(FrameKind kind, const std::exception& error) {
  throw std::invalid_argument(fmt::format("[decode_message] a frame of kind {} is malformed: {}",
                                          static_cast<int>(kind), error.what()));
}

}  // namespace

StreamId stream_of(const Message& message) {
  if (const auto* chunk = std::get_if<Chunk>(&message)) {
    return static_cast<StreamId>(static_cast<std::uint32_t>(chunk->from)) << 32U |
           static_cast<std::uint32_t>(chunk->to);
  }
  // No chip has a negative id.
  constexpr StreamId kNoChip = StreamId{1} << 63U;
  return kNoChip | message.index();
}

Frame encode(const Message& message) {
  EncodedBody body = encode_body(message);
  msgpack::sbuffer header;
  Packer out(header);
  out.pack_array(2);
  out.pack(body.lengths);
  header.write(body.bytes.data(), body.bytes.size());
  return make_frame(body.kind, {reinterpret_cast<const std::byte*>(header.data()), header.size()},
                    std::move(body.payload));
}

struct PendingMessage::State {
  FrameKind kind;
  msgpack::object_handle header;
  PayloadBuffers buffers;
};

PendingMessage::PendingMessage(const Preamble& preamble, std::span<const std::byte> header)
    : state_(std::make_unique<State>()) {
  state_->kind = preamble.kind;
  try {
    const std::size_t size = header.size();
    const msgpack::unpack_limit limit(size, size, size, size, size, kMaxDepth);
    state_->header = msgpack::unpack(reinterpret_cast<const char*>(header.data()), size, nullptr,
                                     nullptr, limit);
    Elements elements(state_->header.get(), 2);
    const auto lengths = elements.next_as<std::vector<std::uint64_t>>();
    std::uint64_t left = preamble.payload_bytes;
    bool fits = lengths.size() <= kMaxBuffers;
    for (const std::uint64_t length : lengths) {
      fits = fits && length <= left;
      left -= fits ? length : 0;
    }
    if (!fits || left != 0) {
      throw std::invalid_argument(fmt::format("{} buffers do not add up to the payload's {} bytes",
                                              lengths.size(), preamble.payload_bytes));
    }
    for (const std::uint64_t length : lengths) {
      state_->buffers.push_back(std::make_shared<Buffer>(length));
    }
  } catch (const std::exception& error) {
    refuse(preamble.kind, error);
  }
}

PendingMessage::~PendingMessage() = default;
PendingMessage::PendingMessage(PendingMessage&&) noexcept = default;
PendingMessage& PendingMessage::operator=(PendingMessage&&) noexcept = default;

const std::vector<std::shared_ptr<Buffer>>& PendingMessage::buffers() const {
  return state_->buffers;
}

Message PendingMessage::finish() {
  try {
    Elements elements(state_->header.get(), 2);
    (void)elements.next();
    return decode_body(state_->kind, elements.next(), state_->buffers);
  } catch (const std::exception& error) {
    refuse(state_->kind, error);
  }
}

Message decode_message(std::span<const std::byte> frame, const FrameLimits& limits) {
  if (frame.size() < kPreambleBytes) {
    throw std::invalid_argument(fmt::format("[decode_message] {} bytes, needs a preamble of {}",
                                            frame.size(), kPreambleBytes));
  }
  const Preamble preamble = decode_preamble(frame.first<kPreambleBytes>(), limits);
  std::span<const std::byte> rest = frame.subspan(kPreambleBytes);
  if (rest.size() < preamble.header_bytes ||
      rest.size() - preamble.header_bytes != preamble.payload_bytes) {
    throw std::invalid_argument(
        fmt::format("[decode_message] {} bytes after the preamble, which announces {} and {}",
                    rest.size(), preamble.header_bytes, preamble.payload_bytes));
  }
  PendingMessage pending(preamble, rest.first(preamble.header_bytes));
  rest = rest.subspan(preamble.header_bytes);
  for (const std::shared_ptr<Buffer>& buffer : pending.buffers()) {
    if (buffer->size() == 0) continue;
    std::memcpy(buffer->data(), rest.data(), buffer->size());
    rest = rest.subspan(buffer->size());
  }
  return pending.finish();
}

}  // namespace ttmesh::mesh
