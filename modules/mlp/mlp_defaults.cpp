#include "modules/mlp/mlp_defaults.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "mesh/tensor/shape.hpp"

namespace ttmesh::modules {

std::int64_t default_prefill_len_cutoff(const mesh::MeshDevice& device) {
  return device.topology().arch == sim::Arch::WormholeB0 ? 1024 : 512;
}

mesh::MemoryConfig dram_columns(const mesh::MeshDevice& device) {
  return {.buffer = mesh::BufferType::Dram,
          .layout = mesh::MemoryLayout::WidthSharded,
          .shard_cores = static_cast<int>(device.machine().chip.dram_banks)};
}

mesh::MemoryConfig l1_columns(int cores) {
  return {.buffer = mesh::BufferType::L1,
          .layout = mesh::MemoryLayout::WidthSharded,
          .shard_cores = cores};
}

void require_same(const char* module, const char* field, const std::optional<std::int64_t>& stated,
                  std::int64_t found) {
  if (stated && *stated != found) {
    throw std::invalid_argument(fmt::format("[{}] {} is {} in the config, needs {}, as w1 has it",
                                            module, field, *stated, found));
  }
}

void require_tiles(const char* module, std::int64_t dim, int parts) {
  const std::int64_t unit = mesh::kTileExtent * parts;
  if (dim % unit != 0) {
    throw std::invalid_argument(fmt::format(
        "[{}] dim is {}, needs a multiple of {}: whole tiles of {} columns on each of {} chips",
        module, dim, unit, mesh::kTileExtent, parts));
  }
}

}  // namespace ttmesh::modules
