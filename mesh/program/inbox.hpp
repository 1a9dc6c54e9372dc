#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mesh/program/chunk.hpp"

namespace ttmesh::mesh {

/// What a chip waits for: the chunk of this name.
struct ChunkKey {
  std::uint64_t command;
  ChipId from;
  Lane lane;
  bool signal;
  std::int32_t round;
};

/// Chunks that arrived before the step that takes them; bounded by what neighbours can send within
/// the command window.
class Inbox {
 public:
  void put(Chunk chunk);
  /// The chunk called `key`, if it is here.
  std::optional<Chunk> take(const ChunkKey& key);
  /// Removes the chunks of a command and returns how many there were.
  std::size_t discard(std::uint64_t command);

 private:
  std::vector<Chunk> chunks_;
};

}  // namespace ttmesh::mesh
