#pragma once

#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// Placement of the product of `a` [.., M, K] and `b` [.., K, N], per mesh axis. `rank` is that of
/// the product. Throws std::invalid_argument, naming what is missing, where the chips' products
/// would not be parts or terms of one.
[[nodiscard]] mesh::Distribution product_distribution(const char* op, const mesh::TensorSpec& a,
                                                      const mesh::TensorSpec& b, int rank);

}  // namespace ttmesh::ops
