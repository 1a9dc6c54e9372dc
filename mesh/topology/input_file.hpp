#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ttmesh::mesh {

/// Limits on what a file may ask for, checked before anything is built. A real system is a
/// hundredth of these.
inline constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20;
inline constexpr int kMaxChips = 65'536;
inline constexpr int kMaxMeshes = 65'536;
inline constexpr int kMaxChannels = 1'024;          ///< Links between two neighbours.
inline constexpr int kMaxConnectionLinks = 65'536;  ///< Links of one inter-mesh connection.
inline constexpr std::int64_t kMaxInterMeshLinks = 1'000'000;  ///< Of all connections together.
inline constexpr std::int64_t kMaxExpressLinks = 1'000'000;    ///< Of all meshes together.

/// A file's name, for messages, and its bytes.
struct InputFile {
  std::string path;
  std::string text;
};

/// Reads a file. Throws mesh::InvalidFile if it cannot be opened, is a directory or exceeds
/// kMaxFileBytes.
[[nodiscard]] InputFile read_input_file(const std::string& path);

}  // namespace ttmesh::mesh
