#include "modules/mlp/mlp_weights.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

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

/// Which dim of a weight is hidden.
struct Part {
  const char* name;
  int hidden_dim;
};

LazyWeight laid_out(const char* module, const Part& part, const LazyWeight& weight,
                    const mesh::MeshDevice& device, const MlpLayout& layout) {
  const mesh::Distribution& wanted = part.hidden_dim == -1 ? layout.gate_up : layout.down;
  const std::int64_t hidden = padded_extent(weight.shape()[part.hidden_dim], device.shape().size());
  const mesh::Shape padded = weight.shape().with(part.hidden_dim, hidden);
  LazyWeight result = weight.with_defaults({.layout = mesh::Layout::Tile,
                                            .memory = layout.memory,
                                            .distribution = wanted,
                                            .device = device,
                                            .padded_shape = padded});
  const int rank = weight.shape().rank();
  const mesh::Distribution found = mesh::resolved(*result.options().distribution, rank);
  if (found != mesh::resolved(wanted, rank)) {
    throw std::invalid_argument(fmt::format("[{}] {} is distributed {}, needs {}", module,
                                            part.name, to_string(found),
                                            to_string(mesh::resolved(wanted, rank))));
  }
  if (result.padded_shape() != padded) {
    throw std::invalid_argument(fmt::format("[{}] {} is padded to {}, needs {}", module, part.name,
                                            to_string(result.padded_shape()), to_string(padded)));
  }
  if (*result.options().layout != mesh::Layout::Tile) {
    throw std::invalid_argument(
        fmt::format("[{}] {} is row-major, needs tile layout", module, part.name));
  }
  if (!mesh::is_floating(result.options().dtype)) {
    throw std::invalid_argument(fmt::format("[{}] {} is {}, needs a floating-point dtype", module,
                                            part.name, mesh::name(result.options().dtype)));
  }
  return result;
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
  std::optional<mesh::MeshDevice> found = device;
  for (const LazyWeight* weight : {&weights.w1, &weights.w2, &weights.w3}) {
    const std::optional<mesh::MeshDevice>& own = weight->options().device;
    if (!own) continue;
    if (found && !(*found == *own)) {
      throw std::invalid_argument(
          fmt::format("[{}] weights and config name different mesh devices ({} and {}), needs one",
                      module, to_string(found->shape()), to_string(own->shape())));
    }
    found = own;
  }
  if (!found) {
    throw std::invalid_argument(fmt::format(
        "[{}] no mesh device, needs one in the config or in one of the weights", module));
  }
  return *found;
}

MlpWeights laid_out(const char* module, const MlpWeights& weights, const mesh::MeshDevice& device,
                    const MlpLayout& layout) {
  return {.w1 = laid_out(module, {"w1", -1}, weights.w1, device, layout),
          .w2 = laid_out(module, {"w2", -2}, weights.w2, device, layout),
          .w3 = laid_out(module, {"w3", -1}, weights.w3, device, layout)};
}

std::optional<mesh::DataType> common_dtype(const MlpWeights& weights) {
  const mesh::DataType dtype = weights.w1.options().dtype;
  if (weights.w2.options().dtype != dtype || weights.w3.options().dtype != dtype) return {};
  return dtype;
}

}  // namespace ttmesh::modules
