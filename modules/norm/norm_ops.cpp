#include "modules/norm/norm_ops.hpp"

#include "ops/layer_norm.hpp"
#include "ops/layer_norm_post_all_gather.hpp"
#include "ops/layer_norm_pre_all_gather.hpp"
#include "ops/rms_norm.hpp"
#include "ops/rms_norm_post_all_gather.hpp"
#include "ops/rms_norm_pre_all_gather.hpp"

namespace ttmesh::modules {

NormOps rms_norm_ops() {
  return {.whole = ops::rms_norm,
          .pre_all_gather = ops::rms_norm_pre_all_gather,
          .residual_pre_all_gather = ops::rms_norm_pre_all_gather,
          .post_all_gather = ops::rms_norm_post_all_gather};
}

NormOps layer_norm_ops() {
  return {.whole = ops::layer_norm,
          .pre_all_gather = ops::layer_norm_pre_all_gather,
          .residual_pre_all_gather = ops::layer_norm_pre_all_gather,
          .post_all_gather = ops::layer_norm_post_all_gather};
}

std::optional<mesh::Tensor> on_device(const std::optional<LazyWeight>& weight) {
  if (!weight) return std::nullopt;
  return weight->get_device_weight();
}

}  // namespace ttmesh::modules
