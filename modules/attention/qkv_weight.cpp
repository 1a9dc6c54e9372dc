#include "modules/attention/qkv_weight.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "mesh/tensor/mapper.hpp"
#include "ops/concat.hpp"

namespace ttmesh::modules {

LazyWeight placed_matrix(const LazyWeight& weight, const mesh::Shape& matrix, WeightPlace place) {
  const mesh::Shape& shape = weight.shape();
  if (shape.rank() < 2 || shape[-2] != matrix[0] || shape[-1] != matrix[1] ||
      shape.volume() != matrix.volume()) {
    throw std::invalid_argument(fmt::format("[{}] {} has shape {}, needs {}", place.module,
                                            place.name, to_string(shape), to_string(matrix)));
  }
  place.padded_shape = shape;
  return placed(weight, place);
}

QkvWeight::QkvWeight(LazyWeight packed) : QkvWeight(std::vector<LazyWeight>{std::move(packed)}) {}

QkvWeight::QkvWeight(LazyWeight query, LazyWeight key, LazyWeight value)
    : QkvWeight(std::vector<LazyWeight>{std::move(query), std::move(key), std::move(value)}) {}

QkvWeight::QkvWeight(std::vector<LazyWeight> parts)
    : state_(std::make_shared<State>(State{std::move(parts)})) {}

QkvWeight QkvWeight::laid_out(const QkvLayout& layout) const {
  const auto place = [&](const LazyWeight& weight, const std::string& name, std::int64_t columns) {
    return placed_matrix(weight, {layout.rows, columns},
                         {.module = layout.module,
                          .name = name.c_str(),
                          .device = layout.device,
                          .distribution = layout.distribution,
                          .memory = layout.memory,
                          .padded_shape = {}});
  };
  const std::string name = layout.name;
  if (is_packed()) {
    return QkvWeight(place(parts().front(), name, layout.query + 2 * layout.key));
  }
  const std::array whose{" of queries", " of keys", " of values"};
  const std::array columns{layout.query, layout.key, layout.key};
  std::vector<LazyWeight> laid;
  for (std::size_t i = 0; i < parts().size(); ++i) {
    const LazyWeight& part = parts()[i];
    if (part.options().dtype != parts().front().options().dtype) {
      throw std::invalid_argument(fmt::format("[{}] {} is {}{} and {}{}, needs one dtype",
                                              layout.module, layout.name,
                                              mesh::name(parts().front().options().dtype), whose[0],
                                              mesh::name(part.options().dtype), whose[i]));
    }
    laid.push_back(place(part, name + whose[i], columns[i]));
  }
  return QkvWeight(std::move(laid));
}

mesh::Tensor QkvWeight::get_device_weight() const {
  if (is_packed()) return parts().front().get_device_weight();
  if (!state_->tensor) {
    std::vector<mesh::Tensor> tensors;
    for (const LazyWeight& part : parts()) tensors.push_back(part.make_device_tensor());
    state_->tensor = ops::concat(tensors, -1);
  }
  return *state_->tensor;
}

bool QkvWeight::is_loaded() const {
  return is_packed() ? parts().front().is_loaded() : state_->tensor.has_value();
}

}  // namespace ttmesh::modules
