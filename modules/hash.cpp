#include "modules/hash.hpp"

#include <fmt/format.h>
#include <xxhash.h>

namespace ttmesh::modules {

std::string hash_text(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::uint64_t checksum(std::span<const std::byte> head, std::span<const std::byte> body) {
  const XXH64_hash_t seed = XXH3_64bits(head.data(), head.size());
  return XXH3_64bits_withSeed(body.data(), body.size(), seed);
}

}  // namespace ttmesh::modules
