#include "modules/model/model_memory.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>

#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {
namespace {

constexpr double kGib = 1024.0 * 1024 * 1024;

/// Parts that a matrix is cut into on the mesh.
struct Cut {
  std::int64_t rows = 1;
  std::int64_t cols = 1;
};

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t matrix_bytes(std::int64_t rows, std::int64_t cols, mesh::DataType dtype, Cut cut,
                          mesh::Layout layout = mesh::Layout::Tile) {
  return mesh::chip_bytes({.shape = {ceil_div(rows, cut.rows), ceil_div(cols, cut.cols)},
                           .dtype = dtype,
                           .layout = layout});
}

// Free memory of this machine; as much as one likes where it does not say.
std::int64_t free_bytes() {
  std::ifstream in("/proc/meminfo");
  std::string name;
  std::int64_t kib = 0;
  std::string unit;
  while (in >> name >> kib >> unit) {
    if (name == "MemAvailable:") return kib * 1024;
  }
  return std::numeric_limits<std::int64_t>::max();
}

}  // namespace

ModelMemory memory_of(const ModelConfig& config) {
  const ModelSpec& spec = config.spec;
  const ModelPrecision& precision = config.precision;
  const mesh::MeshShape mesh = config.device.shape();
  const bool grid = mesh.rows > 1 && mesh.cols > 1;
  const std::int64_t inner = grid ? mesh.cols : 1;  // what cuts dim of weights beside hidden
  const std::int64_t outer = grid ? mesh.rows : mesh.size();
  const std::int64_t query = spec->heads * spec->head_dim;
  const std::int64_t key = spec->kv_heads * spec->head_dim;
  const std::int64_t hidden = padded_extent(spec->hidden_dim, mesh.size());
  const std::int64_t dim = spec->dim;
  const Cut by_columns{inner, outer};
  const Cut by_rows{outer, inner};

  const std::int64_t inners = spec->gate ? 2 : 1;
  const std::int64_t layer = matrix_bytes(dim, query + 2 * key, precision.attention, by_columns) +
                             matrix_bytes(query, dim, precision.attention, by_rows) +
                             inners * matrix_bytes(dim, hidden, precision.gate_up, by_columns) +
                             matrix_bytes(hidden, dim, precision.down, by_rows);
  const std::int64_t vocab = padded_extent(spec->vocab, static_cast<int>(outer));
  const std::int64_t table = matrix_bytes(spec->vocab, dim, precision.activation,
                                          {1, grid ? inner : outer}, mesh::Layout::RowMajor);
  const std::int64_t head = matrix_bytes(dim, vocab, precision.head, by_columns);
  const std::int64_t users = config.max_batch_size / inner;
  const mesh::TensorSpec cache{
      .shape = {users, spec->kv_heads / outer, config.max_seq_len, spec->head_dim},
      .dtype = precision.cache};

  ModelMemory memory{.chip_weight_bytes = spec->layers * layer + table + head,
                     .chip_cache_bytes = std::int64_t{2} * spec->layers * mesh::chip_bytes(cache)};
  if (config.device.timing_only()) return memory;
  const auto held = [](mesh::DataType dtype) -> std::int64_t {
    return dtype == mesh::DataType::Float32 ? 4 : 2;
  };
  memory.machine_bytes =
      spec->layers *
          (held(precision.attention) * (dim * (query + 2 * key) + query * dim) +
           held(precision.gate_up) * inners * dim * hidden + held(precision.down) * hidden * dim +
           held(precision.cache) * 2 * config.max_batch_size * key * config.max_seq_len) +
      held(precision.activation) * spec->vocab * dim + held(precision.head) * dim * vocab;
  return memory;
}

void require_memory(const ModelConfig& config) {
  const ModelMemory memory = memory_of(config);
  const std::int64_t needed = memory.chip_weight_bytes + memory.chip_cache_bytes;
  const std::int64_t there = config.device.machine().chip.dram_bytes;
  const auto gib = [](std::int64_t bytes) { return static_cast<double>(bytes) / kGib; };
  if (needed > there) {
    throw std::invalid_argument(fmt::format(
        "[Model] {} needs {:.1f} GiB of DRAM on each chip ({:.1f} of {} weights, {:.1f} of caches "
        "for {} users of {} tokens), a chip has {:.1f}; take more chips (-t), a narrower "
        "--weight-dtype (bfp8_b, bfp4_b), or a smaller --batch or fewer tokens",
        config.spec->name, gib(needed), gib(memory.chip_weight_bytes), config.precision.name,
        gib(memory.chip_cache_bytes), config.max_batch_size, config.max_seq_len, gib(there)));
  }
  const std::int64_t free = free_bytes();
  if (memory.machine_bytes > free) {
    throw std::invalid_argument(fmt::format(
        "[Model] the values of {} need {:.1f} GiB of this machine's memory, {:.1f} are free; run "
        "with --timing-only, which needs none, or a smaller model",
        config.spec->name, gib(memory.machine_bytes), gib(free)));
  }
}

}  // namespace ttmesh::modules
