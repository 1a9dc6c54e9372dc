#include "modules/config_defaults.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "mesh/tensor/shape.hpp"

namespace ttmesh::modules {
namespace {

// "MLP1D" and "2D" give "MLP2D".
std::string other_class(std::string module, const char* suffix) {
  return module.replace(module.size() - 2, 2, suffix);
}

}  // namespace

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

void require_line(const char* module, mesh::MeshShape shape) {
  if (shape.rows == 1 || shape.cols == 1) return;
  throw std::invalid_argument(
      fmt::format("[{0}] {0} cannot be used for a {1} mesh, needs one row or one column. Use {2} "
                  "instead.",
                  module, to_string(shape), other_class(module, "2D")));
}

void require_grid(const char* module, mesh::MeshShape shape) {
  if (shape.rows > 1 && shape.cols > 1) return;
  throw std::invalid_argument(
      fmt::format("[{0}] {0} requires 2D mesh (both cluster_shape dimensions > 1), found {1}. Use "
                  "{2} instead.",
                  module, to_string(shape), other_class(module, "1D")));
}

void require_same(const char* module, const char* field, const std::optional<std::int64_t>& stated,
                  std::int64_t found) {
  if (stated && *stated != found) {
    throw std::invalid_argument(
        fmt::format("[{}] {} is {} in the config, needs {}, as the weights have it", module, field,
                    *stated, found));
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
