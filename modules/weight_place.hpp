#pragma once

#include <optional>
#include <span>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {

/// Where a module wants one of its weights.
struct WeightPlace {
  const char* module;  ///< Begins the messages: "MLP1D".
  const char* name;    ///< Of the weight: "w1".
  mesh::MeshDevice device;
  mesh::Distribution distribution;
  mesh::MemoryConfig memory = mesh::kDramInterleaved;  ///< Unless the weight states another.
  mesh::Shape padded_shape;                            ///< Global extents.
  mesh::Layout layout = mesh::Layout::Tile;
};

/// The device: the one given, else that of the weights. Throws std::invalid_argument if there is
/// none or several; `module` begins the messages.
[[nodiscard]] mesh::MeshDevice device_of(const char* module,
                                         const std::optional<mesh::MeshDevice>& device,
                                         std::span<const LazyWeight> weights);

/// The weight with everything that is unset taken from `place`. Throws std::invalid_argument if it
/// states another distribution, padding or layout, or is no floating-point tensor.
[[nodiscard]] LazyWeight placed(const LazyWeight& weight, const WeightPlace& place);

}  // namespace ttmesh::modules
