#pragma once

#include <span>
#include <vector>

#include "modules/weight_source.hpp"

namespace ttmesh::modules {

/// A block of a matrix, read by several threads into `values`, which is made as large; each value
/// depends on its place alone.
[[nodiscard]] std::span<const float> read_block(const WeightSource& weight,
                                                const MatrixBlock& block,
                                                std::vector<float>& values, int threads);

/// `threads`, or one per processor if it is 0.
[[nodiscard]] int thread_count(int threads);

}  // namespace ttmesh::modules
