#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ttmesh::modules {

/// 128 bits of XXH3 as 32 hexadecimal digits: tells values apart, not safe against an adversary.
[[nodiscard]] std::string hash_text(std::span<const std::byte> bytes);

/// 64 bits of XXH3 over `head` and then `body`.
[[nodiscard]] std::uint64_t checksum(std::span<const std::byte> head,
                                     std::span<const std::byte> body);

}  // namespace ttmesh::modules
