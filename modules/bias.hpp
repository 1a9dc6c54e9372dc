#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/placement.hpp"
#include "modules/lazy_weight.hpp"
#include "ops/elementwise.hpp"

namespace ttmesh::modules {

/// Where a module wants one of its biases.
struct BiasPlace {
  const char* module;  ///< Begins the messages: "MLP1D".
  const char* name;    ///< Of the bias: "b1".
  mesh::MeshDevice device;
  mesh::Distribution distribution;
  std::int64_t columns;         ///< Of the product that it belongs to.
  std::int64_t padded_columns;  ///< With those of the weight's padding.
};

/// The bias, if there is one, with everything that is unset taken from `place`. Throws
/// std::invalid_argument unless it is one row of `columns`, or if it lies elsewhere.
[[nodiscard]] std::optional<LazyWeight> placed(const std::optional<LazyWeight>& bias,
                                               const BiasPlace& place);

/// Makes the bias on the chips, unless there is none or it is there.
void load(const std::optional<LazyWeight>& bias);

/// For ops that take a bias: the tensor on the chips, if there is one.
[[nodiscard]] std::optional<mesh::Tensor> device_tensor(const std::optional<LazyWeight>& bias);

/// x + bias, after which x is deallocated; x itself if there is no bias.
[[nodiscard]] mesh::Tensor biased(const mesh::Tensor& x, const std::optional<LazyWeight>& bias);

}  // namespace ttmesh::modules
