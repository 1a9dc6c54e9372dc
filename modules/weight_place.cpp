#include "modules/weight_place.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ttmesh::modules {

mesh::MeshDevice device_of(const char* module, const std::optional<mesh::MeshDevice>& device,
                           std::span<const LazyWeight> weights) {
  std::optional<mesh::MeshDevice> found = device;
  for (const LazyWeight& weight : weights) {
    const std::optional<mesh::MeshDevice>& own = weight.options().device;
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

LazyWeight placed(const LazyWeight& weight, const WeightPlace& place) {
  const auto refuse = [&](const std::string& what) {
    throw std::invalid_argument(fmt::format("[{}] {} is {}", place.module, place.name, what));
  };
  LazyWeight result = weight.with_defaults({.layout = place.layout,
                                            .memory = place.memory,
                                            .distribution = place.distribution,
                                            .device = place.device,
                                            .padded_shape = place.padded_shape});
  const int rank = weight.shape().rank();
  const mesh::Distribution found = mesh::resolved(*result.options().distribution, rank);
  const mesh::Distribution needed = mesh::resolved(place.distribution, rank);
  if (found != needed) {
    refuse(fmt::format("distributed {}, needs {}", to_string(found), to_string(needed)));
  }
  if (result.padded_shape() != place.padded_shape) {
    refuse(fmt::format("padded to {}, needs {}", to_string(result.padded_shape()),
                       to_string(place.padded_shape)));
  }
  if (*result.options().layout != place.layout) {
    refuse(place.layout == mesh::Layout::Tile ? "row-major, needs tile layout"
                                              : "tiled, needs row-major layout");
  }
  if (!mesh::is_floating(result.options().dtype)) {
    refuse(fmt::format("{}, needs a floating-point dtype", mesh::name(result.options().dtype)));
  }
  return result;
}

}  // namespace ttmesh::modules
