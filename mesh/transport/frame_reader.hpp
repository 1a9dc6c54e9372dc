#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "mesh/transport/frame.hpp"
#include "mesh/transport/message.hpp"
#include "mesh/transport/message_codec.hpp"

namespace ttmesh::mesh {

/// Whether frames of the kind carry a message, rather than what connections say to each other.
[[nodiscard]] bool is_message(FrameKind kind);

/// One whole frame that has come.
struct ReceivedFrame {
  Preamble preamble;
  std::vector<std::byte> header;   ///< Of a frame that carries no message.
  std::optional<Message> message;  ///< Of one that does.

  [[nodiscard]] std::size_t bytes() const {
    return kPreambleBytes + preamble.header_bytes + preamble.payload_bytes;
  }
};

/// Cuts a stream of bytes into frames. Payloads go to where they stay: what came together with
/// their header, 16 KiB at most, is copied there, the rest is read there.
class FrameReader {
 public:
  explicit FrameReader(const FrameLimits& limits);

  /// Where the next bytes belong, in order. Valid until the next call of `took` or `next`.
  [[nodiscard]] std::vector<std::span<std::byte>> room();
  /// That many bytes have been put there.
  void took(std::size_t bytes);
  /// The next whole frame, if it has come. Throws std::invalid_argument if what came is no frame;
  /// the reader is of no use after that.
  [[nodiscard]] std::optional<ReceivedFrame> next();

 private:
  enum class Stage : std::uint8_t { Preamble, Header, Payload };

  bool fill_targets();
  void begin_header();
  void begin_payload();

  FrameLimits limits_;
  std::vector<std::byte> staging_;  ///< What has come and belongs to no target yet:
  std::size_t begin_ = 0;           ///< from here
  std::size_t end_ = 0;             ///< to here.

  Stage stage_ = Stage::Preamble;
  std::vector<std::span<std::byte>> targets_;  ///< What is left to fill, from `target_` on.
  std::size_t target_ = 0;
  ReceivedFrame frame_;
  std::vector<std::byte> header_;
  std::optional<PendingMessage> pending_;
};

}  // namespace ttmesh::mesh
