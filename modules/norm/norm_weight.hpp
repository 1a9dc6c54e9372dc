#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/placement.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {

/// A norm's weight or bias as norms keep it: dim values as [1, 1, dim / 32, 32].
struct NormWeightPlace {
  const char* module;  ///< Begins the messages: "RMSNorm1D".
  const char* name;    ///< "weight" or "bias".
  mesh::MeshDevice device;
  mesh::Distribution distribution;
  bool add_one = false;  ///< Keep the values plus 1, as checkpoints that store the offset need.
};

/// Number of values; throws std::invalid_argument unless they are whole tiles of columns.
[[nodiscard]] std::int64_t norm_dim(const char* module, const LazyWeight& weight);

/// The weight in DRAM, row-major unless it is a block float. Throws std::invalid_argument if it
/// states otherwise.
[[nodiscard]] LazyWeight norm_weight(const LazyWeight& weight, const NormWeightPlace& place);

}  // namespace ttmesh::modules
