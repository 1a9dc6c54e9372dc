#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::ops {

struct SliceOptions {
  mesh::Shape begin;  ///< First index in each dim, of one chip's part.
  mesh::Shape end;    ///< One past the last.
};

/// The box from `begin` to `end` of each chip's part.
///
/// Shapes:    [.., d, ..] -> [.., end - begin, ..] per chip.
/// Placement: unchanged; a sharded dim is cut on each chip alike. A stacked dim must stay whole.
/// Cost:      reads and writes the result once.
/// Throws:    std::invalid_argument if a range is empty or out of bounds.
/// Source:    ttnn.slice.
[[nodiscard]] mesh::Tensor slice(const mesh::Tensor& input, const SliceOptions& options);

[[nodiscard]] mesh::OpDefinition slice_definition();

}  // namespace ttmesh::ops
