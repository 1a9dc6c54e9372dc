#pragma once

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::ops {

/// The values of `block` from `begin` on, `shape` of them, as a block of their own.
[[nodiscard]] mesh::BlockPtr cut(const mesh::Block& block, const mesh::Shape& begin,
                                 const mesh::Shape& shape);

}  // namespace ttmesh::ops
