#include "ops/rms_norm.hpp"

namespace ttmesh::ops {

mesh::OpDefinition rms_norm_definition() { return norm_definition("rms_norm", Centre::Zero); }

mesh::Tensor rms_norm(const mesh::Tensor& input, const NormOptions& options) {
  return enqueue_norm("rms_norm", input, options);
}

}  // namespace ttmesh::ops
