#pragma once

#include <span>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

/// The chip's parts of several tensors, one after another along `dim`; negative counts from the
/// end.
///
/// Shapes:    [.., d1, ..], [.., d2, ..] .. -> [.., d1 + d2 + .., ..] per chip.
/// Placement: equal on all inputs, and unchanged. Along a sharded `dim` parts interleave over the
///            mesh: chip by chip, then input by input.
/// Cost:      reads and writes everything once.
/// Throws:    std::invalid_argument if dtypes, layouts, placements or other extents differ.
/// Source:    ttnn.concat.
[[nodiscard]] mesh::Tensor concat(std::span<const mesh::Tensor> inputs, int dim);

[[nodiscard]] mesh::OpDefinition concat_definition();

}  // namespace ttmesh::ops
