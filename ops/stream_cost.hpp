#pragma once

#include <cstdint>
#include <span>

#include "mesh/tensor/tensor_spec.hpp"
#include "sim/work.hpp"

namespace ttmesh::ops {

/// Work of an op that reads `inputs` once and writes `outputs` once, and spends `cycles_per_tile`
/// of one core on each of `tiles` tiles; a copy has none.
[[nodiscard]] sim::StreamWork stream_work(std::span<const mesh::TensorSpec> inputs,
                                          std::span<const mesh::TensorSpec> outputs,
                                          std::int64_t tiles = 0, std::int64_t cycles_per_tile = 0);

/// Cycles of the matrix unit for one element-wise operation on a tile: 8x16 values a cycle
/// (tt-metal tech report "Matrix engine").
constexpr std::int64_t kElementwiseCyclesPerTile = 32 * 32 / (8 * 16);

/// An exponential on a tile: 16 instructions (assumed, see activation.cpp) of the vector unit,
/// which takes 32 values at a time.
constexpr std::int64_t kExponentialCyclesPerTile = std::int64_t{16} * 32;

/// What sorting rows of `length` values takes for each tile of them: log2(length) passes, those of
/// a bitonic network cut to the best values (assumed). The vector unit compares 32 at a time.
[[nodiscard]] std::int64_t sorting_cycles_per_tile(std::int64_t length);

}  // namespace ttmesh::ops
