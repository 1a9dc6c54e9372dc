#pragma once

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::ops {

/// A box of indices: one chip's part from `begin` on, `shape` of it.
struct Box {
  mesh::Shape begin;
  mesh::Shape shape;
};

/// The values in a box of `block` as a block of their own; rounded to `dtype` again where a block
/// float's runs fall differently.
[[nodiscard]] mesh::BlockPtr cut(const mesh::Block& block, const Box& box, mesh::DataType dtype);

}  // namespace ttmesh::ops
