#pragma once

#include <cstdint>
#include <memory>
#include <msgpack.hpp>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/transport/frame.hpp"
#include "mesh/transport/message.hpp"

// Included by this folder's sources alone, so that msgpack does not spread.
namespace ttmesh::mesh {

/// What is particular to a message: one msgpack value, and buffers of raw values.
struct EncodedBody {
  FrameKind kind;
  msgpack::sbuffer bytes{};
  std::vector<std::uint64_t> lengths{};  ///< Of the buffers, which are the payload one by one.
  std::vector<PayloadPart> payload{};

  /// One more buffer.
  void add(std::vector<PayloadPart> parts);
};

using PayloadBuffers = std::vector<std::shared_ptr<Buffer>>;

[[nodiscard]] EncodedBody encode_body(const Message& message);

/// The message of a body. Its values stay in the buffers. Throws a std::exception of some type if
/// there is none.
[[nodiscard]] Message decode_body(FrameKind kind, const msgpack::object& body,
                                  const PayloadBuffers& buffers);

}  // namespace ttmesh::mesh
