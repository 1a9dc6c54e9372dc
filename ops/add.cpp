#include "ops/add.hpp"

namespace ttmesh::ops {

mesh::OpDefinition add_definition() { return elementwise_definition("add", Combination::Sum); }

mesh::Tensor add(const mesh::Tensor& a, const mesh::Tensor& b, const ElementwiseOptions& options) {
  return enqueue_elementwise("add", a, b, options);
}

mesh::Tensor add(const mesh::Tensor& a, float scalar, const ElementwiseOptions& options) {
  return enqueue_elementwise("add", a, scalar, options);
}

}  // namespace ttmesh::ops
