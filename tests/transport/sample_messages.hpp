#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "mesh/transport/frame.hpp"
#include "mesh/transport/message.hpp"

namespace ttmesh::mesh {

/// A chunk from chip 3 to chip 4 that carries `bytes` bytes, a multiple of 4, that depend on
/// `round`.
[[nodiscard]] Chunk chunk_of(std::size_t bytes, std::int32_t round);

/// Whether the chunk is the one that `chunk_of` makes.
[[nodiscard]] bool is_chunk_of(const Chunk& chunk, std::size_t bytes, std::int32_t round);

/// One or more messages of every type, with every field set.
[[nodiscard]] std::vector<Message> sample_messages();

/// All of a message in one line, values included.
[[nodiscard]] std::string to_text(const Message& message);

/// A frame's bytes, one after another.
[[nodiscard]] std::vector<std::byte> flattened(const Frame& frame);

}  // namespace ttmesh::mesh
