#include "ops/rms_norm_pre_all_gather.hpp"

namespace ttmesh::ops {
namespace {

constexpr const char* kOp = "rms_norm_pre_all_gather";

}  // namespace

mesh::OpDefinition rms_norm_pre_all_gather_definition() {
  return pre_all_gather_definition(kOp, Centre::Zero);
}

mesh::Tensor rms_norm_pre_all_gather(const mesh::Tensor& input,
                                     const PreAllGatherOptions& options) {
  return enqueue_pre_all_gather(kOp, input, {}, options).front();
}

ResidualPreAllGather rms_norm_pre_all_gather(const mesh::Tensor& input,
                                             const mesh::Tensor& residual,
                                             const PreAllGatherOptions& options) {
  const auto outputs = enqueue_pre_all_gather(kOp, input, residual, options);
  return {.statistics = outputs[0], .sum = outputs[1]};
}

}  // namespace ttmesh::ops
