#include "ops/layer_norm.hpp"

namespace ttmesh::ops {

mesh::OpDefinition layer_norm_definition() { return norm_definition("layer_norm", Centre::Mean); }

mesh::Tensor layer_norm(const mesh::Tensor& input, const NormOptions& options) {
  return enqueue_norm("layer_norm", input, options);
}

}  // namespace ttmesh::ops
