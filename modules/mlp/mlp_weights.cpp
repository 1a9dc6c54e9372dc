#include "modules/mlp/mlp_weights.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "modules/weight_place.hpp"

namespace ttmesh::modules {
namespace {

void require_matrix(const char* module, const char* name, const LazyWeight& weight) {
  const mesh::Shape& shape = weight.shape();
  if (shape.rank() < 2 || shape[-2] * shape[-1] != shape.volume()) {
    throw std::invalid_argument(
        fmt::format("[{}] {} has shape {}, needs a matrix", module, name, to_string(shape)));
  }
}

void require_extents(const char* module, const char* name, const LazyWeight& weight,
                     std::int64_t rows, std::int64_t cols) {
  const mesh::Shape& shape = weight.shape();
  if (shape[-2] != rows || shape[-1] != cols) {
    throw std::invalid_argument(fmt::format("[{}] {} has shape {}, needs [{}, {}] to fit w1",
                                            module, name, to_string(shape), rows, cols));
  }
}

LazyWeight laid_out(const char* module, const char* name, const LazyWeight& weight,
                    const mesh::MeshDevice& device, const MlpLayout& layout, int hidden_dim) {
  const std::int64_t hidden = padded_extent(weight.shape()[hidden_dim], device.shape().size());
  return placed(weight, {.module = module,
                         .name = name,
                         .device = device,
                         .distribution = hidden_dim == -1 ? layout.gate_up : layout.down,
                         .memory = layout.memory,
                         .padded_shape = weight.shape().with(hidden_dim, hidden)});
}

}  // namespace

MlpDims dims_of(const char* module, const MlpWeights& weights) {
  require_matrix(module, "w1", weights.w1);
  require_matrix(module, "w2", weights.w2);
  require_matrix(module, "w3", weights.w3);
  const MlpDims dims{weights.w1.shape()[-2], weights.w1.shape()[-1]};
  require_extents(module, "w2", weights.w2, dims.hidden_dim, dims.dim);
  require_extents(module, "w3", weights.w3, dims.dim, dims.hidden_dim);
  return dims;
}

mesh::MeshDevice device_of(const char* module, const std::optional<mesh::MeshDevice>& device,
                           const MlpWeights& weights) {
  return device_of(module, device, std::array{weights.w1, weights.w2, weights.w3});
}

MlpWeights laid_out(const char* module, const MlpWeights& weights, const mesh::MeshDevice& device,
                    const MlpLayout& layout) {
  return {.w1 = laid_out(module, "w1", weights.w1, device, layout, -1),
          .w2 = laid_out(module, "w2", weights.w2, device, layout, -2),
          .w3 = laid_out(module, "w3", weights.w3, device, layout, -1)};
}

std::optional<mesh::DataType> common_dtype(const MlpWeights& weights) {
  const mesh::DataType dtype = weights.w1.options().dtype;
  if (weights.w2.options().dtype != dtype || weights.w3.options().dtype != dtype) return {};
  return dtype;
}

}  // namespace ttmesh::modules
