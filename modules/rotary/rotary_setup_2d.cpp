#include "modules/rotary/rotary_setup_2d.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/embedding.hpp"
#include "ops/reshape.hpp"

namespace ttmesh::modules {

RotarySetup2D::RotarySetup2D(const RotaryConfig& config) : state_("RotarySetup2D", config) {
  const mesh::MeshShape shape = config.device.shape();
  if (shape.rows < 2 || shape.cols < 2) {
    throw std::invalid_argument(
        fmt::format("[RotarySetup2D] RotarySetup2D requires 2D mesh (both dimensions > 1), found "
                    "{}. Use RotarySetup1D instead.",
                    to_string(shape)));
  }
  if (config.max_batch_size % shape.cols != 0) {
    throw std::invalid_argument(
        fmt::format("[RotarySetup2D] max_batch_size is {}, needs a multiple of the {} columns of "
                    "the mesh: as many users in each",
                    config.max_batch_size, shape.cols));
  }
}

mesh::Tensor RotarySetup2D::position_indices(std::span<const std::int64_t> positions) const {
  state_.require_positions(positions);
  const mesh::MeshShape mesh = config().device.shape();
  std::vector<std::int32_t> indices = rotary_indices(config(), positions, mesh.cols);
  const mesh::Shape shape{1, static_cast<std::int64_t>(indices.size())};
  return mesh::from_host(config().device, {.shape = shape, .values = std::move(indices)},
                         {.dtype = mesh::DataType::Int32,
                          .layout = mesh::Layout::RowMajor,
                          .distribution = mesh::shard_tensor_2d_mesh(mesh, {std::nullopt, 1})});
}

ops::RotaryEmbedding RotarySetup2D::decode_forward(const mesh::Tensor& indices) {
  const mesh::CallScope scope(config().device, "rotary_2d.decode_forward");
  state_.load();
  const mesh::MemoryConfig cores{.buffer = mesh::BufferType::L1,
                                 .layout = mesh::MemoryLayout::HeightSharded,
                                 .shard_cores = static_cast<int>(indices.shape()[-1])};
  const auto rows_of = [&](const mesh::Tensor& table) {
    const mesh::Tensor rows = ops::embedding(indices, table, {.memory = cores});
    return ops::reshape(rows, {1, rows.shape()[-2], 1, rows.shape()[-1]});
  };
  return {.cos = rows_of(state_.cos()),
          .sin = rows_of(state_.sin()),
          .transformation_matrix = state_.transformation()};
}

ops::RotaryEmbedding RotarySetup2D::decode_forward(std::span<const std::int64_t> positions) {
  return decode_forward(position_indices(positions));
}

ops::RotaryEmbedding RotarySetup2D::prefill_forward(std::int64_t start, std::int64_t length) {
  const mesh::CallScope scope(config().device, "rotary_2d.prefill_forward");
  return state_.prefill(start, length);
}

void RotarySetup2D::load_device_weights() {
  const mesh::CallScope scope(config().device, "rotary_2d.load_device_weights");
  state_.load();
}

}  // namespace ttmesh::modules
