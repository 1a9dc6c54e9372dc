#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::ops {

/// The tensor `repetitions[i]` times one after another along each dim i.
///
/// Shapes:    [.., d, ..] -> [.., n * d, ..] per chip.
/// Placement: unchanged; along a sharded dim each chip's part is repeated. A stacked dim is not
///            repeated.
/// Cost:      reads it once, writes the result once.
/// Throws:    std::invalid_argument unless there is a positive number for each dim.
/// Source:    ttnn.repeat.
[[nodiscard]] mesh::Tensor repeat(const mesh::Tensor& input, const mesh::Shape& repetitions);

[[nodiscard]] mesh::OpDefinition repeat_definition();

}  // namespace ttmesh::ops
