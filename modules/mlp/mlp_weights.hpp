#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {

/// Weights of an MLP, w2(activation(w1 x) * w3 x), each [K, N] as TTNN multiplies them, and their
/// biases. Without w3 there is no gate: w2(activation(w1 x)).
struct MlpWeights {
  LazyWeight w1;                   ///< Gate: [dim, hidden].
  LazyWeight w2;                   ///< Down: [hidden, dim].
  std::optional<LazyWeight> w3{};  ///< Up: [dim, hidden].
  std::optional<LazyWeight> b1{};  ///< [1, hidden]
  std::optional<LazyWeight> b2{};  ///< [1, dim]
  std::optional<LazyWeight> b3{};  ///< [1, hidden]
};

/// Those of a config, and back into one.
template <typename Config>
[[nodiscard]] MlpWeights weights_of(const Config& config) {
  return {.w1 = config.w1,
          .w2 = config.w2,
          .w3 = config.w3,
          .b1 = config.b1,
          .b2 = config.b2,
          .b3 = config.b3};
}
template <typename Config>
void take(Config& config, const MlpWeights& weights) {
  config.w1 = weights.w1;
  config.w2 = weights.w2;
  config.w3 = weights.w3;
  config.b1 = weights.b1;
  config.b2 = weights.b2;
  config.b3 = weights.b3;
}

struct MlpDims {
  std::int64_t dim;
  std::int64_t hidden_dim;
};

/// Where an MLP's weights lie on the mesh.
struct MlpLayout {
  mesh::Distribution gate_up;
  mesh::Distribution down;
  mesh::Distribution hidden_bias;  ///< Of b1 and b3.
  mesh::Distribution dim_bias;     ///< Of b2.
  mesh::MemoryConfig memory;
};

/// Extents that the weights agree on. Throws std::invalid_argument if they do not, or b3 has no w3;
/// `module` begins the messages.
[[nodiscard]] MlpDims dims_of(const char* module, const MlpWeights& weights);

/// The device: the one given, else that of the weights. Throws std::invalid_argument if there is
/// none or several.
[[nodiscard]] mesh::MeshDevice device_of(const char* module,
                                         const std::optional<mesh::MeshDevice>& device,
                                         const MlpWeights& weights);

/// The weights with everything that is unset taken from `layout`, and hidden padded so that each
/// chip of the mesh could have whole tiles of it. Throws std::invalid_argument if a weight says
/// otherwise where the module depends on it.
[[nodiscard]] MlpWeights laid_out(const char* module, const MlpWeights& weights,
                                  const mesh::MeshDevice& device, const MlpLayout& layout);

/// Makes weights and biases on the chips, unless they are there.
void load_mlp_weights(const MlpWeights& weights);

/// Number format that all weights share, or none.
[[nodiscard]] std::optional<mesh::DataType> common_dtype(const MlpWeights& weights);

}  // namespace ttmesh::modules
