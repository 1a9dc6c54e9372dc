#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/transport/frame.hpp"
#include "mesh/transport/message.hpp"

namespace ttmesh::mesh {

/// A message as a frame. Values of shards and pieces are not copied but referred to, unless they
/// are packed or lie in runs too short to be written one by one. Throws std::invalid_argument if a
/// piece reaches outside its block.
[[nodiscard]] Frame encode(const Message& message);

/// A message whose header has come and whose payload is still to be filled in.
class PendingMessage {
 public:
  /// Throws std::invalid_argument if the header is none of `preamble.kind`, or does not fit the
  /// payload's length. Allocates the payload, and no more than a small multiple of the header.
  PendingMessage(const Preamble& preamble, std::span<const std::byte> header);
  ~PendingMessage();
  PendingMessage(PendingMessage&&) noexcept;
  PendingMessage& operator=(PendingMessage&&) noexcept;

  /// Where the payload goes, one after another; `payload_bytes` in all. They become the values.
  [[nodiscard]] const std::vector<std::shared_ptr<Buffer>>& buffers() const;

  /// The message, once the buffers are filled. Throws std::invalid_argument if it is malformed.
  [[nodiscard]] Message finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The message of a whole frame in memory. Throws std::invalid_argument if it is malformed.
[[nodiscard]] Message decode_message(std::span<const std::byte> frame, const FrameLimits& limits);

}  // namespace ttmesh::mesh
