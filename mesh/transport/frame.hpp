#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ttmesh::mesh {

/// What a frame carries. The values are part of the protocol.
enum class FrameKind : std::uint8_t {
  Hello = 1,       ///< Handshake: who asks to be let in.
  Welcome,         ///< Handshake: let in, and by whom.
  Refusal,         ///< Turned away, and why; the last frame of a connection.
  Heartbeat,       ///< Nothing but a sign of life.
  Credit,          ///< Bytes of a stream that the receiver is done with.
  Stop,            ///< The sender closes in order; the last frame of a connection.
  Chunk,           ///< Chip to chip.
  Command,         ///< Controller to hosts.
  Delivery,        ///< Chip to controller: the answer to a read.
  Report,          ///< Chip to controller: what it did.
  Fault,           ///< Chip or host to controller: a command that failed.
  ActivityProbe,   ///< Controller to hosts: is anything running?
  ActivityCount,   ///< Host to controller: what was counted.
  Record,          ///< Controller to hosts: start recording.
  ReportQuestion,  ///< Controller to hosts: send the chips' reports.
  AddressBook,     ///< Rank 0 to hosts: where the others listen.
  Assignment,      ///< Handshake: rank 0 tells a host all that it needs to take part.
};

inline constexpr std::uint16_t kProtocolVersion = 1;

/// What every frame begins with: 20 bytes, little endian.
///
///   bytes  0-3   "ttmf"
///   bytes  4-5   protocol version
///   byte   6     FrameKind
///   byte   7     zero
///   bytes  8-11  bytes of the header that follows
///   bytes 12-19  bytes of the payload that follows it
struct Preamble {
  FrameKind kind = FrameKind::Heartbeat;
  std::uint32_t header_bytes = 0;
  std::uint64_t payload_bytes = 0;
  std::uint16_t version = kProtocolVersion;

  friend constexpr bool operator==(const Preamble&, const Preamble&) = default;
};

inline constexpr std::size_t kPreambleBytes = 20;

/// The longest frame that is taken.
struct FrameLimits {
  std::uint32_t header_bytes = 1U << 20U;
  std::uint64_t payload_bytes = std::uint64_t{4} << 30U;
};

/// For those who have not shown yet that they belong here.
inline constexpr FrameLimits kStrangerLimits{.header_bytes = 4096, .payload_bytes = 0};

[[nodiscard]] std::array<std::byte, kPreambleBytes> encode(const Preamble& preamble);

/// Throws std::invalid_argument if the bytes are no preamble, a length is past `limits`, or the
/// version is another one, which handshake frames alone may have.
[[nodiscard]] Preamble decode_preamble(std::span<const std::byte, kPreambleBytes> bytes,
                                       const FrameLimits& limits);

/// Bytes that stay where they are until they are written.
struct PayloadPart {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};

/// A frame to be sent. Copies share the payload.
struct Frame {
  std::vector<std::byte> head;  ///< Preamble and header.
  std::vector<PayloadPart> payload;

  [[nodiscard]] std::size_t payload_bytes() const;
  [[nodiscard]] std::size_t bytes() const { return head.size() + payload_bytes(); }
};

/// Throws std::invalid_argument if the header is longer than `limits` allow.
[[nodiscard]] Frame make_frame(FrameKind kind, std::span<const std::byte> header,
                               std::vector<PayloadPart> payload = {},
                               const FrameLimits& limits = {});

}  // namespace ttmesh::mesh
