#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "mesh/tensor/shape.hpp"
#include "modules/weight_assembly.hpp"

namespace ttmesh::modules {

/// A tensor of a safetensors file.
struct StoredTensor {
  std::string file;
  std::string dtype;  ///< As the file says: "BF16".
  mesh::Shape shape;
  std::uint64_t offset = 0;  ///< Of the first value in the file.
  std::uint64_t bytes = 0;

  /// How its numbers are held; nothing for a dtype that weights are not read from.
  std::optional<StoredType> type() const;
};

using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

/// What the header of a safetensors file says of its tensors: eight bytes with the header's length,
/// the header as JSON, then the values, which must fill the file without gaps or overlaps.
/// `beginning` holds at least the header of a file of `file_bytes`. Nothing is trusted.
/// Throws mesh::InvalidFile with every mistake.
[[nodiscard]] StoredTensors parse_safetensors(const std::string& file, std::string_view beginning,
                                              std::uint64_t file_bytes);

/// The same of a file on disk, of which only the header is read.
[[nodiscard]] StoredTensors read_safetensors(const std::string& file);

}  // namespace ttmesh::modules
