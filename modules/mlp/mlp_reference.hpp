#pragma once

#include <optional>

#include "mesh/tensor/host_tensor.hpp"
#include "modules/progress.hpp"
#include "modules/weight_source.hpp"
#include "ops/activation.hpp"

namespace ttmesh::modules {

/// Values of an MLP's weights, before any rounding; without w3 it has no gate.
struct MlpSources {
  WeightSource w1;
  WeightSource w2;
  std::optional<WeightSource> w3{};
  std::optional<WeightSource> b1{};  ///< [1, hidden], [1, dim]
  std::optional<WeightSource> b2{};
  std::optional<WeightSource> b3{};
};

struct MlpReferenceOptions {
  ops::Activation activation = ops::Activation::Silu;
  int threads = 0;  ///< 0 takes one per processor.
};

/// w2(activation(w1 x) * w3 x), or w2(activation(w1 x)), biases added to each product, in float32,
/// unsharded and unrounded, of x [.., dim]; the result has the shape of x. Weights are made and
/// used a block of hidden columns at a time, so that a model of any size fits; the result does not
/// depend on the number of threads. Progress stage: "reference".
///
/// Throws std::invalid_argument if the shapes do not fit.
[[nodiscard]] mesh::HostTensor mlp_reference(const mesh::HostTensor& x, const MlpSources& weights,
                                             const MlpReferenceOptions& options = {},
                                             const ProgressCallback& progress = {});

}  // namespace ttmesh::modules
