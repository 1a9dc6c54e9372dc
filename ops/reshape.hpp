#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::ops {

/// The same values in row-major order under another shape of one chip; one extent may be -1 and
/// follows from the others. The tensor itself if the shape is the same.
///
/// Placement: a sharded dim becomes the dim of the new shape with the same number of values before
///            it; Partial stays.
/// Cost:      none if tiles stay as they are: the last dim is unchanged and the one before it, too,
///            or both have whole tiles; otherwise reads and writes the tensor once.
/// Throws:    std::invalid_argument if volumes differ or a sharded dim has no counterpart.
/// Source:    ttnn.reshape.
[[nodiscard]] mesh::Tensor reshape(const mesh::Tensor& input, const mesh::Shape& shape);

[[nodiscard]] mesh::OpDefinition reshape_definition();

}  // namespace ttmesh::ops
