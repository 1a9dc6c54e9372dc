#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::ops {

/// Elements of an array, dim by dim: index i of dim d lies i * strides[d] elements further on.
struct StridedView {
  mesh::Shape shape;
  std::vector<std::int64_t> strides;  ///< One for each dim; 0 repeats.
  std::int64_t offset = 0;            ///< Of the first element.
};

/// All elements of a row-major array.
[[nodiscard]] StridedView dense_view(const mesh::Shape& shape);

/// The view with dim i taken from dim `order[i]`.
[[nodiscard]] StridedView permuted(const StridedView& view, const std::vector<int>& order);

/// Copies elements of `value_bytes` (2 or 4) each from one view to another of the same shape.
void copy(const StridedView& source, const std::byte* from, const StridedView& target,
          std::byte* to, std::int64_t value_bytes);

/// The elements of `view` of a block as a block of `shape`, of the same volume.
[[nodiscard]] mesh::BlockPtr taken(const mesh::Block& block, const StridedView& view,
                                   const mesh::Shape& shape);

}  // namespace ttmesh::ops
