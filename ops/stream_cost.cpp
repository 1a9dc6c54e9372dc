#include "ops/stream_cost.hpp"

#include <algorithm>
#include <bit>

namespace ttmesh::ops {

sim::StreamWork stream_work(std::span<const mesh::TensorSpec> inputs,
                            std::span<const mesh::TensorSpec> outputs, std::int64_t tiles,
                            std::int64_t cycles_per_tile) {
  sim::StreamWork work{.tiles = tiles, .cycles_per_tile = cycles_per_tile};
  for (const auto& specs : {inputs, outputs}) {
    for (const mesh::TensorSpec& spec : specs) {
      std::int64_t& bytes =
          spec.memory.buffer == mesh::BufferType::Dram ? work.dram_bytes : work.l1_bytes;
      bytes += mesh::chip_bytes(spec);
    }
  }
  return work;
}

std::int64_t sorting_cycles_per_tile(std::int64_t length) {
  constexpr std::int64_t kComparingCycles = 32;
  const auto passes = std::bit_width(static_cast<std::uint64_t>(length - 1));
  return std::max(std::int64_t{1}, static_cast<std::int64_t>(passes)) * kComparingCycles;
}

}  // namespace ttmesh::ops
