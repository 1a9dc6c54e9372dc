#include "ops/mul.hpp"

namespace ttmesh::ops {

mesh::OpDefinition mul_definition() { return elementwise_definition("mul", Combination::Product); }

mesh::Tensor mul(const mesh::Tensor& a, const mesh::Tensor& b, const ElementwiseOptions& options) {
  return enqueue_elementwise("mul", a, b, options);
}

mesh::Tensor mul(const mesh::Tensor& a, float scalar, const ElementwiseOptions& options) {
  return enqueue_elementwise("mul", a, scalar, options);
}

}  // namespace ttmesh::ops
