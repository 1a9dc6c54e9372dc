#include "modules/rotary/rotary_setup_1d.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/embedding.hpp"
#include "ops/reshape.hpp"
#include "ops/to_memory_config.hpp"
#include "ops/transpose.hpp"

namespace ttmesh::modules {

RotarySetup1D::RotarySetup1D(const RotaryConfig& config) : state_("RotarySetup1D", config) {
  const mesh::MeshShape shape = config.device.shape();
  if (shape.rows > 1 && shape.cols > 1) {
    throw std::invalid_argument(
        fmt::format("[RotarySetup1D] RotarySetup1D cannot be used for a {} mesh, needs one row or "
                    "one column. Use RotarySetup2D instead.",
                    to_string(shape)));
  }
}

mesh::Tensor RotarySetup1D::position_indices(std::span<const std::int64_t> positions) const {
  state_.require_positions(positions);
  std::vector<std::int32_t> indices = rotary_indices(config(), positions, 1);
  const mesh::Shape shape{1, static_cast<std::int64_t>(indices.size())};
  return mesh::from_host(config().device, {.shape = shape, .values = std::move(indices)},
                         {.dtype = mesh::DataType::Int32,
                          .layout = mesh::Layout::RowMajor,
                          .distribution = mesh::replicate_tensor_to_mesh(config().device.shape())});
}

ops::RotaryEmbedding RotarySetup1D::decode_forward(const mesh::Tensor& indices) {
  const mesh::CallScope scope(config().device, "rotary_1d.decode_forward");
  state_.load();
  const mesh::MemoryConfig cores{.buffer = mesh::BufferType::L1,
                                 .layout = mesh::MemoryLayout::HeightSharded,
                                 .shard_cores = static_cast<int>(indices.shape()[-1])};
  const auto rows_of = [&](const mesh::Tensor& table) {
    mesh::Tensor rows = ops::embedding(indices, table);
    rows = ops::reshape(rows, {1, 1, rows.shape()[-2], rows.shape()[-1]});
    rows = ops::transpose(rows, {.dim0 = 1, .dim1 = 2});
    return ops::to_memory_config(rows, cores);
  };
  return {.cos = rows_of(state_.cos()),
          .sin = rows_of(state_.sin()),
          .transformation_matrix = state_.transformation()};
}

ops::RotaryEmbedding RotarySetup1D::decode_forward(std::span<const std::int64_t> positions) {
  return decode_forward(position_indices(positions));
}

ops::RotaryEmbedding RotarySetup1D::prefill_forward(std::int64_t start, std::int64_t length) {
  const mesh::CallScope scope(config().device, "rotary_1d.prefill_forward");
  return state_.prefill(start, length);
}

void RotarySetup1D::load_device_weights() {
  const mesh::CallScope scope(config().device, "rotary_1d.load_device_weights");
  state_.load();
}

}  // namespace ttmesh::modules
