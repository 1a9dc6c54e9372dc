#include "ops/layer_norm_pre_all_gather.hpp"

namespace ttmesh::ops {
namespace {

constexpr const char* kOp = "layer_norm_pre_all_gather";

}  // namespace

mesh::OpDefinition layer_norm_pre_all_gather_definition() {
  return pre_all_gather_definition(kOp, Centre::Mean);
}

mesh::Tensor layer_norm_pre_all_gather(const mesh::Tensor& input,
                                       const PreAllGatherOptions& options) {
  return enqueue_pre_all_gather(kOp, input, {}, options).front();
}

ResidualPreAllGather layer_norm_pre_all_gather(const mesh::Tensor& input,
                                               const mesh::Tensor& residual,
                                               const PreAllGatherOptions& options) {
  const auto outputs = enqueue_pre_all_gather(kOp, input, residual, options);
  return {.statistics = outputs[0], .sum = outputs[1]};
}

}  // namespace ttmesh::ops
