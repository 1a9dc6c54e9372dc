#include "modules/bias.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "modules/weight_place.hpp"
#include "ops/add.hpp"
#include "ops/deallocate.hpp"

namespace ttmesh::modules {

std::optional<LazyWeight> placed(const std::optional<LazyWeight>& bias, const BiasPlace& place) {
  if (!bias) return {};
  const mesh::Shape& shape = bias->shape();
  if (shape[-1] != place.columns || shape.volume() != place.columns || shape.rank() < 2) {
    throw std::invalid_argument(fmt::format("[{}] {} has shape {}, needs [1, {}]", place.module,
                                            place.name, to_string(shape), place.columns));
  }
  return placed(*bias, WeightPlace{.module = place.module,
                                   .name = place.name,
                                   .device = place.device,
                                   .distribution = place.distribution,
                                   .padded_shape = shape.with(-1, place.padded_columns)});
}

void load(const std::optional<LazyWeight>& bias) { (void)device_tensor(bias); }

std::optional<mesh::Tensor> device_tensor(const std::optional<LazyWeight>& bias) {
  if (!bias) return {};
  return bias->get_device_weight();
}

mesh::Tensor biased(const mesh::Tensor& x, const std::optional<LazyWeight>& bias) {
  if (!bias) return x;
  mesh::Tensor sum = ops::add(x, bias->get_device_weight());
  ops::deallocate(x);
  return sum;
}

}  // namespace ttmesh::modules
