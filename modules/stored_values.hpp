#pragma once

#include <span>
#include <string>

#include "modules/weight_assembly.hpp"

namespace ttmesh::modules {

/// Reads a block of a matrix in a file as float32, row-major. Throws mesh::InvalidFile if the file
/// cannot be read or ends early.
void read_stored(const StoredMatrix& matrix, const MatrixBlock& block, std::span<float> out);

/// Tells copies of a matrix apart without reading all of it: the size of its file, and a hash of
/// its bytes or, of more than 64 KiB, of sixteen pages spread over them from the first to the last.
/// Throws as `read_stored`.
[[nodiscard]] std::string stamp_of(const StoredMatrix& matrix);

}  // namespace ttmesh::modules
