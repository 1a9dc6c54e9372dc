#pragma once

#include <filesystem>

#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::modules {

/// What a weight file must hold.
struct WeightFileSpec {
  mesh::Shape shape;
  mesh::DataType dtype;
};

/// Writes `tensor`, rounded to the dtype of `spec`, beside `path` and then moves it there, so that
/// a reader finds a whole file or none. Makes the directory.
///
/// Format: magic, version, dtype, extents, checksum over all of these and the payload, then the
/// rounded values, row-major; block floats as bfloat16, which holds them exactly. Little-endian.
/// Throws std::filesystem::filesystem_error if the file cannot be written.
void write_weight_file(const std::filesystem::path& path, const mesh::HostTensor& tensor,
                       const WeightFileSpec& spec);

/// The values in the file, of which nothing is trusted. Throws mesh::InvalidFile, saying to delete
/// the file, if it is truncated, damaged, or holds another shape or dtype than `spec`.
[[nodiscard]] mesh::HostTensor read_weight_file(const std::filesystem::path& path,
                                                const WeightFileSpec& spec);

}  // namespace ttmesh::modules
