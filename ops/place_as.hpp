#pragma once

#include <array>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/placement.hpp"

namespace ttmesh::ops {

/// Declares what the chips hold where no rule can know it: a bias scaled by 1 / n that is now a
/// term of a sum, rows that a selection matrix has picked. Changes no value; shows in the program.
///
/// Shapes:    unchanged per chip; the global shape follows from `placements`, by mesh axis.
/// Cost:      none.
/// Throws:    std::invalid_argument if a dim is out of range.
[[nodiscard]] mesh::Tensor place_as(const mesh::Tensor& input,
                                    const std::array<mesh::Placement, 2>& placements);

[[nodiscard]] mesh::OpDefinition place_as_definition();

}  // namespace ttmesh::ops
