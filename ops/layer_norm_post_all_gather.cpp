#include "ops/layer_norm_post_all_gather.hpp"

namespace ttmesh::ops {
namespace {

constexpr const char* kOp = "layer_norm_post_all_gather";

}  // namespace

mesh::OpDefinition layer_norm_post_all_gather_definition() {
  return post_all_gather_definition(kOp, Centre::Mean);
}

mesh::Tensor layer_norm_post_all_gather(const mesh::Tensor& input, const mesh::Tensor& statistics,
                                        const PostAllGatherOptions& options) {
  return enqueue_post_all_gather(kOp, input, statistics, options);
}

}  // namespace ttmesh::ops
