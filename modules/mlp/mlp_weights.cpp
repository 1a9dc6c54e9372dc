#include "modules/mlp/mlp_weights.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "modules/bias.hpp"
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
  const MlpDims dims{weights.w1.shape()[-2], weights.w1.shape()[-1]};
  require_extents(module, "w2", weights.w2, dims.hidden_dim, dims.dim);
  if (weights.w3) {
    require_matrix(module, "w3", *weights.w3);
    require_extents(module, "w3", *weights.w3, dims.dim, dims.hidden_dim);
  } else if (weights.b3) {
    throw std::invalid_argument(
        fmt::format("[{}] b3 is set and w3 is not, needs both or neither", module));
  }
  return dims;
}

mesh::MeshDevice device_of(const char* module, const std::optional<mesh::MeshDevice>& device,
                           const MlpWeights& weights) {
  std::vector<LazyWeight> all{weights.w1, weights.w2};
  for (const auto& weight : {weights.w3, weights.b1, weights.b2, weights.b3}) {
    if (weight) all.push_back(*weight);
  }
  return device_of(module, device, all);
}

MlpWeights laid_out(const char* module, const MlpWeights& weights, const mesh::MeshDevice& device,
                    const MlpLayout& layout) {
  const MlpDims dims = dims_of(module, weights);
  const std::int64_t padded = padded_extent(dims.hidden_dim, device.shape().size());
  const auto hidden_bias = [&](const char* name, const std::optional<LazyWeight>& bias) {
    return placed(bias,
                  BiasPlace{module, name, device, layout.hidden_bias, dims.hidden_dim, padded});
  };
  MlpWeights laid{.w1 = laid_out(module, "w1", weights.w1, device, layout, -1),
                  .w2 = laid_out(module, "w2", weights.w2, device, layout, -2)};
  if (weights.w3) laid.w3 = laid_out(module, "w3", *weights.w3, device, layout, -1);
  laid.b1 = hidden_bias("b1", weights.b1);
  laid.b2 =
      placed(weights.b2, BiasPlace{module, "b2", device, layout.dim_bias, dims.dim, dims.dim});
  laid.b3 = hidden_bias("b3", weights.b3);
  return laid;
}

void load_mlp_weights(const MlpWeights& weights) {
  (void)weights.w1.get_device_weight();
  (void)weights.w2.get_device_weight();
  for (const auto& weight : {weights.w3, weights.b1, weights.b2, weights.b3}) load(weight);
}

std::optional<mesh::DataType> common_dtype(const MlpWeights& weights) {
  const mesh::DataType dtype = weights.w1.options().dtype;
  if (weights.w2.options().dtype != dtype) return {};
  if (weights.w3 && weights.w3->options().dtype != dtype) return {};
  return dtype;
}

}  // namespace ttmesh::modules
