#include "sim/matmul_blocks.hpp"

#include <algorithm>

namespace ttmesh::sim {
namespace {

/// L1 that kernels, their arguments and semaphores take; assumed, about 100 KiB in tt-metal.
constexpr std::int64_t kReservedL1Bytes = std::int64_t{100} * 1024;
/// Beyond this ratio of the output's sides TTNN spreads it in one dim.
constexpr std::int64_t kNarrowRatio = 8;
/// Partial sums between steps are kept as bfloat16, or float32 if accumulated so.
constexpr std::int64_t kPartialTileBytes = 2048;
constexpr std::int64_t kFloatPartialTileBytes = 4096;

std::int64_t tiles_per_part(std::int64_t tiles, std::int64_t parts) {
  return (tiles + parts - 1) / parts;
}

std::vector<std::int64_t> divisors(std::int64_t n) {
  std::vector<std::int64_t> result;
  for (std::int64_t d = 1; d * d <= n; ++d) {
    if (n % d != 0) continue;
    result.push_back(d);
    if (d != n / d) result.push_back(n / d);
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// A core's tiles along one side, and one more where they cut into no sub-blocks: then a tuner
/// pads.
std::vector<std::int64_t> sides_of_core(std::int64_t tiles, std::int64_t parts) {
  constexpr std::int64_t kWidestSubBlock = 8;
  const std::int64_t each = tiles_per_part(tiles, parts);
  const std::vector<std::int64_t> cuts = divisors(each);
  const bool awkward = each > kWidestSubBlock && cuts[1] > kWidestSubBlock;
  return awkward ? std::vector{each, each + 1} : std::vector{each};
}

/// The tasks of each core of `split` that gets any tiles; the others take no part.
void add_tasks(std::vector<CoreTask>& tasks, const MatmulWork& work, const CoreSplit& split) {
  for (const std::int64_t rows : sides_of_core(work.m_tiles, split.gy)) {
    for (const std::int64_t cols : sides_of_core(work.n_tiles, split.gx)) {
      tasks.push_back({.split = {tiles_per_part(work.n_tiles, cols),
                                 tiles_per_part(work.m_tiles, rows), split.groups},
                       .rounds = tiles_per_part(work.batches, split.groups),
                       .rows = rows,
                       .cols = cols,
                       .inner = work.k_tiles});
    }
  }
}

std::vector<std::int64_t> inner_blocks(const MatmulWork& work, const CoreTask& task) {
  if (task.split.one_dim()) return divisors(work.k_tiles);
  const std::int64_t share = tiles_per_part(work.k_tiles, task.split.gx);
  if (work.in0.buffer == BufferType::L1) return divisors(share);
  std::vector<std::int64_t> result = divisors(work.k_tiles);
  std::erase_if(result, [&](std::int64_t width) { return width > share; });
  return result;
}

/// Bytes of a core's L1 that the operands in L1 take.
std::int64_t resident_bytes(const MatmulWork& work, const CoreTask& task) {
  const std::int64_t cores = task.split.cores();
  const auto shard = [&](const Operand& operand, std::int64_t tiles) {
    return operand.buffer == BufferType::L1
               ? tiles_per_part(work.batches * tiles, cores) * operand.tile_bytes
               : 0;
  };
  return shard(work.in0, work.m_tiles * work.k_tiles) +
         shard(work.in1, work.k_tiles * work.n_tiles) +
         shard(work.out, work.m_tiles * work.n_tiles);
}

std::int64_t buffer_bytes(const MatmulWork& work, const CoreTask& task, const Blocks& blocks) {
  const std::int64_t partial_tile =
      work.fp32_accumulate ? kFloatPartialTileBytes : kPartialTileBytes;
  const std::int64_t out_tiles = blocks.rows * blocks.cols;
  const std::int64_t inputs =
      2 * blocks.inner * (blocks.rows * work.in0.tile_bytes + blocks.cols * work.in1.tile_bytes);
  const bool separate_partial = blocks.inner < task.inner && partial_tile != work.out.tile_bytes;
  const std::int64_t output =
      work.out.buffer == BufferType::Dram ? out_tiles * work.out.tile_bytes : 0;
  return inputs + output + (separate_partial ? out_tiles * partial_tile : 0);
}

}  // namespace

std::vector<CoreTask> core_tasks(const MatmulWork& work, CoreGrid grid) {
  const std::int64_t cores = std::int64_t{grid.x} * grid.y;
  std::vector<CoreTask> tasks;
  if (work.batches > 1) {
    const std::int64_t groups = std::min(work.batches, cores);
    const std::int64_t each = cores / groups;
    add_tasks(tasks, work, {each, 1, groups});
    add_tasks(tasks, work, {1, each, groups});
    return tasks;
  }
  add_tasks(tasks, work, {grid.x, grid.y});
  if (work.n_tiles > kNarrowRatio * work.m_tiles) {
    add_tasks(tasks, work, {cores, 1});
  }
  if (work.m_tiles > kNarrowRatio * work.n_tiles) {
    add_tasks(tasks, work, {1, cores});
  }
  return tasks;
}

std::vector<Blocks> admissible_blocks(const ChipModel& chip, const MatmulWork& work,
                                      const CoreTask& task) {
  const bool whole = work.out.buffer == BufferType::L1;
  const std::int64_t available =
      chip.l1_bytes_per_core - kReservedL1Bytes - resident_bytes(work, task);
  const auto sides = [&](std::int64_t tiles) {
    return whole ? std::vector<std::int64_t>{tiles} : divisors(tiles);
  };
  const std::vector<std::int64_t> cols = sides(task.cols);
  const std::vector<std::int64_t> inner = inner_blocks(work, task);
  std::vector<Blocks> result;
  for (const std::int64_t r : sides(task.rows)) {
    for (const std::int64_t c : cols) {
      for (const std::int64_t i : inner) {
        if (buffer_bytes(work, task, {r, c, i}) <= available) result.push_back({r, c, i});
      }
    }
  }
  if (result.empty()) result.push_back({whole ? task.rows : 1, whole ? task.cols : 1, 1});
  return result;
}

std::vector<SubBlock> sub_blocks(const MatmulWork& work, const Blocks& blocks) {
  constexpr std::int64_t kRegisterTiles = 8;
  constexpr std::int64_t kFloatRegisterTiles = 4;
  const std::int64_t limit = work.fp32_accumulate ? kFloatRegisterTiles : kRegisterTiles;
  const std::int64_t tallest = work.out.buffer == BufferType::L1 ? 1 : limit;
  std::vector<SubBlock> result;
  for (std::int64_t rows = 1; rows <= std::min(tallest, blocks.rows); ++rows) {
    if (blocks.rows % rows != 0) continue;
    for (std::int64_t cols = 1; rows * cols <= limit && cols <= blocks.cols; ++cols) {
      if (blocks.cols % cols == 0) result.push_back({rows, cols});
    }
  }
  return result;
}

}  // namespace ttmesh::sim
