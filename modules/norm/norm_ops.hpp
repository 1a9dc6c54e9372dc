#pragma once

#include <optional>

#include "mesh/device/tensor.hpp"
#include "modules/lazy_weight.hpp"
#include "ops/distributed_norm.hpp"
#include "ops/normalization.hpp"

namespace ttmesh::modules {

/// The ops that a norm is made of: whole rows, or the two halves of a distributed one.
struct NormOps {
  mesh::Tensor (*whole)(const mesh::Tensor&, const ops::NormOptions&);
  mesh::Tensor (*pre_all_gather)(const mesh::Tensor&, const ops::PreAllGatherOptions&);
  ops::ResidualPreAllGather (*residual_pre_all_gather)(const mesh::Tensor&, const mesh::Tensor&,
                                                       const ops::PreAllGatherOptions&);
  mesh::Tensor (*post_all_gather)(const mesh::Tensor&, const mesh::Tensor&,
                                  const ops::PostAllGatherOptions&);
};

[[nodiscard]] NormOps rms_norm_ops();
[[nodiscard]] NormOps layer_norm_ops();

/// A weight on the chips where there is one.
[[nodiscard]] std::optional<mesh::Tensor> on_device(const std::optional<LazyWeight>& weight);

}  // namespace ttmesh::modules
