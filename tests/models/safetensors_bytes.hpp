#pragma once

#include <cstdint>
#include <string>

namespace ttmesh::modules {

/// A safetensors file of a header and so many bytes of data.
[[nodiscard]] inline std::string safetensors_bytes(const std::string& header, std::size_t data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    bytes.push_back(
        static_cast<char>(static_cast<std::uint64_t>(header.size()) >> (8 * i) & 0xFFU));
  }
  return bytes + header + std::string(data, '\0');
}

}  // namespace ttmesh::modules
