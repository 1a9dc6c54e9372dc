#include "modules/rotary/rotary_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/slice.hpp"

namespace ttmesh::modules {

RotaryState::RotaryState(const char* module, const RotaryConfig& config)
    : module_(module), config_(config) {
  if (config.head_dim < 1 || config.head_dim % mesh::kTileExtent != 0) {
    throw std::invalid_argument(fmt::format("[{}] head_dim is {}, needs a multiple of {}", module,
                                            config.head_dim, mesh::kTileExtent));
  }
  if (config.max_seq_len < 1 || config.max_batch_size < 1) {
    throw std::invalid_argument(
        fmt::format("[{}] max_seq_len is {} and max_batch_size {}, needs both positive", module,
                    config.max_seq_len, config.max_batch_size));
  }
  if (config.dtype != mesh::DataType::Bfloat16 && config.dtype != mesh::DataType::Float32) {
    throw std::invalid_argument(fmt::format("[{}] dtype of the tables is {}, needs bf16 or f32",
                                            module, mesh::name(config.dtype)));
  }
  (void)rotary_frequencies({config.head_dim, config.theta, config.scaling});
}

void RotaryState::load() {
  if (cos_) return;
  const mesh::WriteOptions write{
      .dtype = config_.dtype,
      .distribution = mesh::replicate_tensor_to_mesh(config_.device.shape())};
  const mesh::Shape shape{1, 1, config_.max_seq_len, config_.head_dim};
  RotaryTables tables{.cos = {.shape = shape, .values = {}}, .sin = {.shape = shape, .values = {}}};
  if (!config_.device.timing_only()) {
    tables = rotary_tables({config_.head_dim, config_.theta, config_.scaling}, config_.max_seq_len);
  }
  cos_ = mesh::from_host(config_.device, std::move(tables.cos), write);
  sin_ = mesh::from_host(config_.device, std::move(tables.sin), write);
  transformation_ = mesh::from_host(config_.device, rotary_transformation(), write);
}

ops::RotaryEmbedding RotaryState::prefill(std::int64_t start, std::int64_t length) {
  if (start < 0 || length < 1 || start + length > config_.max_seq_len) {
    throw std::invalid_argument(
        fmt::format("[{}::prefill_forward] {} positions from {} on, needs some of the {} of the "
                    "tables: raise max_seq_len",
                    module_, length, start, config_.max_seq_len));
  }
  load();
  const ops::SliceOptions rows{.begin = {0, 0, start, 0},
                               .end = {1, 1, start + length, config_.head_dim}};
  return {.cos = ops::slice(cos(), rows),
          .sin = ops::slice(sin(), rows),
          .transformation_matrix = transformation()};
}

void RotaryState::require_positions(std::span<const std::int64_t> positions) const {
  if (static_cast<int>(positions.size()) != config_.max_batch_size) {
    throw std::invalid_argument(
        fmt::format("[{}] {} positions, needs one for each of the {} users, -1 for those who idle",
                    module_, positions.size(), config_.max_batch_size));
  }
  for (const std::int64_t position : positions) {
    if (position >= -1 && position < config_.max_seq_len) continue;
    throw std::invalid_argument(
        fmt::format("[{}] position {}, needs -1 (idle) or one of the {} of the tables: raise "
                    "max_seq_len",
                    module_, position, config_.max_seq_len));
  }
}

std::vector<std::int32_t> rotary_indices(const RotaryConfig& config,
                                         std::span<const std::int64_t> positions, int parts) {
  const std::size_t users = positions.size() / static_cast<std::size_t>(parts);
  std::vector<std::int32_t> indices;
  for (std::size_t first = 0; first < positions.size(); first += users) {
    for (int copy = 0; copy < (config.use_qk_fused ? 2 : 1); ++copy) {
      for (const std::int64_t position : positions.subspan(first, users)) {
        indices.push_back(static_cast<std::int32_t>(std::max<std::int64_t>(position, 0)));
      }
    }
  }
  return indices;
}

}  // namespace ttmesh::modules
