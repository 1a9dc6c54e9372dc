#include "mesh/transport/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ttmesh::mesh {
namespace {

constexpr std::uint32_t kMagic = 0x666d7474;  ///< "ttmf"

template <typename Integer>
void put(std::byte*& out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    *out++ = static_cast<std::byte>(value >> (8 * i));
  }
}

template <typename Integer>
Integer take(const std::byte*& in) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value |= std::to_integer<std::uint64_t>(*in++) << (8 * i);
  }
  return static_cast<Integer>(value);
}

// A peer of any version must be able to say why it turns another away.
bool is_handshake(FrameKind kind) {
  return kind == FrameKind::Hello || kind == FrameKind::Welcome || kind == FrameKind::Refusal;
}

}  // namespace

std::array<std::byte, kPreambleBytes> encode(const Preamble& preamble) {
  std::array<std::byte, kPreambleBytes> bytes{};
  std::byte* out = bytes.data();
  put(out, kMagic);
  put(out, preamble.version);
  put(out, static_cast<std::uint8_t>(preamble.kind));
  put(out, std::uint8_t{0});
  put(out, preamble.header_bytes);
  put(out, preamble.payload_bytes);
  return bytes;
}

Preamble decode_preamble(std::span<const std::byte, kPreambleBytes> bytes,
                         const FrameLimits& limits) {
  const std::byte* in = bytes.data();
  if (const auto magic = take<std::uint32_t>(in); magic != kMagic) {
    throw std::invalid_argument(
        fmt::format("[decode_preamble] a frame begins with {:08x}, needs {:08x}: whoever sent it "
                    "is no ttmesh host",
                    magic, kMagic));
  }
  Preamble preamble;
  preamble.version = take<std::uint16_t>(in);
  const auto kind = take<std::uint8_t>(in);
  const auto zero = take<std::uint8_t>(in);
  preamble.header_bytes = take<std::uint32_t>(in);
  preamble.payload_bytes = take<std::uint64_t>(in);
  if (kind < static_cast<int>(FrameKind::Hello) || kind > static_cast<int>(FrameKind::Assignment) ||
      zero != 0) {
    throw std::invalid_argument(
        fmt::format("[decode_preamble] a frame of kind {}.{}, needs {} to {}.0", kind, zero,
                    static_cast<int>(FrameKind::Hello), static_cast<int>(FrameKind::Assignment)));
  }
  preamble.kind = static_cast<FrameKind>(kind);
  if (preamble.version != kProtocolVersion && !is_handshake(preamble.kind)) {
    throw std::invalid_argument(fmt::format(
        "[decode_preamble] a frame of protocol version {}, needs {}: all hosts must run the same "
        "ttmesh",
        preamble.version, kProtocolVersion));
  }
  if (preamble.header_bytes > limits.header_bytes ||
      preamble.payload_bytes > limits.payload_bytes) {
    throw std::invalid_argument(fmt::format(
        "[decode_preamble] a frame of {} header and {} payload bytes, needs at most {} "
        "and {}",
        preamble.header_bytes, preamble.payload_bytes, limits.header_bytes, limits.payload_bytes));
  }
  return preamble;
}

std::size_t Frame::payload_bytes() const {
  std::size_t bytes = 0;
  for (const PayloadPart& part : payload) bytes += part.bytes.size();
  return bytes;
}

Frame make_frame(FrameKind kind, std::span<const std::byte> header,
                 std::vector<PayloadPart> payload, const FrameLimits& limits) {
  if (header.size() > limits.header_bytes) {
    throw std::invalid_argument(fmt::format("[make_frame] a header of {} bytes, needs at most {}",
                                            header.size(), limits.header_bytes));
  }
  Frame frame;
  frame.payload = std::move(payload);
  const auto preamble = encode({.kind = kind,
                                .header_bytes = static_cast<std::uint32_t>(header.size()),
                                .payload_bytes = frame.payload_bytes()});
  frame.head.reserve(kPreambleBytes + header.size());
  frame.head.insert(frame.head.end(), preamble.begin(), preamble.end());
  frame.head.insert(frame.head.end(), header.begin(), header.end());
  return frame;
}

}  // namespace ttmesh::mesh
