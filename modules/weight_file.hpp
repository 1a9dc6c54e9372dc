#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::modules {

/// Writes `tensor` as the chips hold it: rounded to the dtype of `spec`, cut into the distinct
/// parts of its distribution. Writes beside `path` and then moves the file there, so that a reader
/// finds a whole file or none. Makes the directory.
///
/// Format: magic, version, dtype, a part's extents, the number of parts, a checksum of each part,
/// one of all before it, then the parts one after another, row-major; block floats as bfloat16,
/// which holds them exactly. Little-endian. So each host reads and checks its own parts alone.
/// Throws std::filesystem::filesystem_error if the file cannot be written, and
/// std::invalid_argument if `spec` owes a sum or has more than eight dims.
void write_weight_file(const std::filesystem::path& path, const mesh::HostTensor& tensor,
                       const mesh::TensorSpec& spec);

/// Names the values in the file, by the checksums at its beginning. Nothing in it is trusted.
/// Throws mesh::InvalidFile, saying to delete the file, if it is truncated, damaged at its
/// beginning, or holds another tensor than `spec`.
[[nodiscard]] std::string weight_file_digest(const std::filesystem::path& path,
                                             const mesh::TensorSpec& spec);

/// The part with that index, as mesh::part_index counts them. Throws mesh::InvalidFile if the part
/// is damaged, or the file cannot be read or is another one than `digest` names.
[[nodiscard]] mesh::Shard read_weight_part(const std::filesystem::path& path,
                                           const mesh::TensorSpec& spec, const std::string& digest,
                                           std::uint64_t part);

}  // namespace ttmesh::modules
