#pragma once

#include <span>

#include "modules/weight_assembly.hpp"

namespace ttmesh::modules {

/// Reads a block of a matrix in a file as float32, row-major. Throws std::runtime_error naming the
/// file if it cannot be read or ends early.
void read_stored(const StoredMatrix& matrix, const MatrixBlock& block, std::span<float> out);

}  // namespace ttmesh::modules
