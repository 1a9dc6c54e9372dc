#include "mesh/program/inbox.hpp"

#include <algorithm>

namespace ttmesh::mesh {

void Inbox::put(Chunk chunk) { chunks_.push_back(std::move(chunk)); }

std::optional<Chunk> Inbox::take(const ChunkKey& key) {
  const auto chunk = std::find_if(chunks_.begin(), chunks_.end(), [&](const Chunk& each) {
    return each.command == key.command && each.from == key.from && each.lane == key.lane &&
           each.signal == key.signal && each.round == key.round;
  });
  if (chunk == chunks_.end()) return std::nullopt;
  std::optional<Chunk> taken = std::move(*chunk);
  if (&*chunk != &chunks_.back()) *chunk = std::move(chunks_.back());
  chunks_.pop_back();
  return taken;
}

std::size_t Inbox::discard(std::uint64_t command) {
  return std::erase_if(chunks_, [&](const Chunk& each) { return each.command == command; });
}

}  // namespace ttmesh::mesh
