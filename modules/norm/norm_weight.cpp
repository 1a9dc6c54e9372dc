#include "modules/norm/norm_weight.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "modules/weight_place.hpp"

namespace ttmesh::modules {
namespace {

WeightSource plus_one(const WeightSource& source) {
  mesh::HostTensor tensor = source.host_tensor();
  for (float& value : std::get<std::vector<float>>(tensor.values)) value += 1;
  return tensor;
}

}  // namespace

std::int64_t norm_dim(const char* module, const LazyWeight& weight) {
  const std::int64_t dim = weight.shape().volume();
  if (dim > 0 && dim % mesh::kTileExtent == 0) return dim;
  throw std::invalid_argument(fmt::format("[{}] the weight has {} values, needs a multiple of {}",
                                          module, dim, mesh::kTileExtent));
}

LazyWeight norm_weight(const LazyWeight& weight, const NormWeightPlace& place) {
  const std::int64_t dim = norm_dim(place.module, weight);
  const mesh::Shape shape{1, 1, dim / mesh::kTileExtent, mesh::kTileExtent};
  LazyWeight viewed = weight;
  if (place.add_one || weight.shape() != shape) {
    const WeightSource source = place.add_one ? plus_one(weight.source()) : weight.source();
    viewed = LazyWeight(source.reshaped(shape), weight.options());
  }
  const bool blocks = mesh::is_block_float(weight.options().dtype);
  return placed(viewed, {.module = place.module,
                         .name = place.name,
                         .device = place.device,
                         .distribution = place.distribution,
                         .padded_shape = shape,
                         .layout = blocks ? mesh::Layout::Tile : mesh::Layout::RowMajor});
}

}  // namespace ttmesh::modules
