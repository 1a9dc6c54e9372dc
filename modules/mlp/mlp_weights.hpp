#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {

/// Weights of a gated MLP, w2(activation(w1 x) * w3 x), each [K, N] as TTNN multiplies them.
struct MlpWeights {
  LazyWeight w1;  ///< Gate: [dim, hidden].
  LazyWeight w2;  ///< Down: [hidden, dim].
  LazyWeight w3;  ///< Up: [dim, hidden].
};

struct MlpDims {
  std::int64_t dim;
  std::int64_t hidden_dim;
};

/// Where an MLP's weights lie on the mesh.
struct MlpLayout {
  mesh::Distribution gate_up;
  mesh::Distribution down;
  mesh::MemoryConfig memory;
};

/// Extents that the three weights agree on. Throws std::invalid_argument if they do not; `module`
/// begins the messages.
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

/// Number format that all three share, or none.
[[nodiscard]] std::optional<mesh::DataType> common_dtype(const MlpWeights& weights);

}  // namespace ttmesh::modules
