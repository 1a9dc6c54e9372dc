#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

struct ArgmaxOptions {
  int dim = -1;          ///< The last one.
  bool keepdim = false;  ///< Keep it with extent 1.
};

/// Index of the largest value of each row of the last dim; the first of equal ones, and some index
/// of a row with NaNs.
///
/// Shapes:    [.., d] -> [..] or [.., 1] of uint32, row-major.
/// Placement: unchanged; the last dim is whole on each chip.
/// Cost:      reads it once, writes the indices; 8 cycles a tile and core.
/// Throws:    std::invalid_argument if `dim` is not the last, a sum is owed or the last dim
///            sharded.
/// Source:    ttnn.argmax.
[[nodiscard]] mesh::Tensor argmax(const mesh::Tensor& input, const ArgmaxOptions& options = {});

[[nodiscard]] mesh::OpDefinition argmax_definition();

}  // namespace ttmesh::ops
