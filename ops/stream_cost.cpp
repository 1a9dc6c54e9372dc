#include "ops/stream_cost.hpp"

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

}  // namespace ttmesh::ops
