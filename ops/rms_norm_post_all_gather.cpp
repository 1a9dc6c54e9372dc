#include "ops/rms_norm_post_all_gather.hpp"

namespace ttmesh::ops {
namespace {

constexpr const char* kOp = "rms_norm_post_all_gather";

}  // namespace

mesh::OpDefinition rms_norm_post_all_gather_definition() {
  return post_all_gather_definition(kOp, Centre::Zero);
}

mesh::Tensor rms_norm_post_all_gather(const mesh::Tensor& input, const mesh::Tensor& statistics,
                                      const PostAllGatherOptions& options) {
  return enqueue_post_all_gather(kOp, input, statistics, options);
}

}  // namespace ttmesh::ops
