#pragma once

#include <cstdint>
#include <vector>

#include "sim/chip_model.hpp"
#include "sim/work.hpp"

namespace ttmesh::sim {

/// How the output of a matmul is spread over cores. `groups` products of a batch run side by side,
/// each on `gx` x `gy` cores; in0 is multicast along x, in1 along y.
struct CoreSplit {
  std::int64_t gx;
  std::int64_t gy;
  std::int64_t groups = 1;

  std::int64_t cores() const { return gx * gy * groups; }
  /// Every core reads its own part of in0 or in1: no second dim to multicast along.
  bool one_dim() const { return gx == 1 || gy == 1; }
};

/// A split, and each core's tiles of one product of the batch.
struct CoreTask {
  CoreSplit split;
  std::int64_t rounds;  ///< Products of the batch that a group computes, one after another.
  std::int64_t rows;    ///< Output tiles of a core.
  std::int64_t cols;
  std::int64_t inner;  ///< Tiles of the inner dim.
};

/// What a core computes at a time, in tiles.
struct Blocks {
  std::int64_t rows;  ///< Of the output block.
  std::int64_t cols;
  std::int64_t inner;  ///< Of the inner dim, per step.
};

/// The part of an output block that stays in the matrix engine's registers.
struct SubBlock {
  std::int64_t rows;
  std::int64_t cols;
};

/// The splits worth trying. One product goes over the whole grid in two dims; if it is more than
/// eight times as wide as tall, or the reverse, also in one dim. A batch is spread over the cores,
/// whole products first. A side of a core's tiles that cuts into no sub-blocks (11, 13, 41 ..) is
/// also tried with one tile of padding.
[[nodiscard]] std::vector<CoreTask> core_tasks(const MatmulWork& work, CoreGrid grid);

/// The blocks of a task that fit a core's L1, double buffered; if none does, the smallest.
///
/// Rules of TTNN's multicast matmuls: blocks divide the core's tiles; an output in L1 is one block,
/// its own shard; the inner block divides the inner dim and, in two dims, is no wider than the part
/// of it that one core column holds.
[[nodiscard]] std::vector<Blocks> admissible_blocks(const ChipModel& chip, const MatmulWork& work,
                                                    const CoreTask& task);

/// The sub-blocks of a block: at most 8 tiles, 4 with float32 accumulation, dividing the block, one
/// tile high if the output is in L1.
[[nodiscard]] std::vector<SubBlock> sub_blocks(const MatmulWork& work, const Blocks& blocks);

}  // namespace ttmesh::sim
