#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mlp/mlp_precision.hpp"
#include "modules/mlp/mlp_reference.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// An MLP with random weights: what trials of it have in common. The random tensors are those of
/// the request's seed, from `first_stream` on.
struct MlpWorkload {
  /// Throws std::invalid_argument if the request lacks sizes of an MLP, or for an unknown dtype.
  MlpWorkload(const TrialRequest& request, std::uint64_t first_stream);

  MlpPrecision precision;  ///< bfp8_b unless the request says otherwise.
  MlpSources sources;
  ops::Activation activation;

  /// What the MLP should give for x.
  mesh::HostTensor reference(const mesh::HostTensor& x, const ReferenceOptions& options) const;
};

/// A config of these weights, for MLP1D or MLP2D.
template <typename Config>
Config mlp_config(const mesh::MeshDevice& device, const TrialRequest& request,
                  const MlpWorkload& workload) {
  const MlpPrecision& precision = workload.precision;
  const MlpSources& weights = workload.sources;
  const auto optional = [](const std::optional<WeightSource>& source, mesh::DataType dtype) {
    return source ? std::optional(LazyWeight(*source, {.dtype = dtype})) : std::nullopt;
  };
  const mesh::DataType bias = input_dtype(request, precision.down);
  Config config{.w1 = LazyWeight(weights.w1, {.dtype = precision.gate_up}),
                .w2 = LazyWeight(weights.w2, {.dtype = precision.down}),
                .w3 = optional(weights.w3, precision.gate_up),
                .b1 = optional(weights.b1, bias),
                .b2 = optional(weights.b2, bias),
                .b3 = optional(weights.b3, bias)};
  config.device = device;
  config.activation = workload.activation;
  config.activation_dtype = request.activation_dtype;
  return config;
}

}  // namespace ttmesh::modules
