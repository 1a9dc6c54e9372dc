#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

/// Replaces the values of `to` by those of `from`, in place: its handles stay.
///
/// Shapes:    [..] and the same [..].
/// Placement: the same on both.
/// Cost:      reads one, writes the other.
/// Throws:    std::invalid_argument unless shapes, dtypes, layouts and placements are equal.
/// Source:    ttnn.copy.
void copy(const mesh::Tensor& from, const mesh::Tensor& to);

[[nodiscard]] mesh::OpDefinition copy_definition();

}  // namespace ttmesh::ops
