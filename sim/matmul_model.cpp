#include "sim/matmul_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "sim/wide.hpp"

namespace ttmesh::sim {

Cost matmul_cost(const ChipModel& chip, const MatmulWork& work) {
  const CoreGrid grid = work.grid.value_or(chip.grid);
  if (grid.x < 1 || grid.y < 1 || grid.x > chip.grid.x || grid.y > chip.grid.y) {
    throw std::invalid_argument(fmt::format("[matmul] a grid of {}x{} cores, the chip has {}x{}",
                                            grid.x, grid.y, chip.grid.x, chip.grid.y));
  }
  const Wide products =
      ceil_div(work.m_tiles, grid.y) * ceil_div(work.n_tiles, grid.x) * work.k_tiles * work.batches;
  const Time compute =
      time_for(narrow("matmul", products * cycles_per_tile_product(work.fidelity)), chip.clock_hz);
  std::int64_t dram_bytes = 0;
  const auto count = [&](const Operand& operand, std::int64_t tiles) {
    if (operand.buffer == BufferType::Dram) dram_bytes += tiles * operand.tile_bytes;
  };
  count(work.in0, work.batches * work.m_tiles * work.k_tiles);
  count(work.in1, work.batches * work.k_tiles * work.n_tiles);
  count(work.out, work.batches * work.m_tiles * work.n_tiles);
  const Time dram = time_for(dram_bytes, work.in1_dram_sharded ? chip.dram_sharded_bytes_per_s
                                                               : chip.dram_interleaved_bytes_per_s);
  const Time longest = std::max(compute, dram);
  const Bound bound = longest <= chip.launch ? Bound::Launch
                      : longest == dram      ? Bound::Dram
                                             : Bound::Compute;
  return {chip.launch + longest, bound};
}

}  // namespace ttmesh::sim
