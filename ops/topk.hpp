#pragma once

#include <cstdint>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

struct TopkOptions {
  std::int64_t k;       ///< Values of each row to take.
  int dim = -1;         ///< The last one.
  bool largest = true;  ///< Otherwise the smallest.
};

struct Topk {
  mesh::Tensor values;   ///< Best first.
  mesh::Tensor indices;  ///< Within the chip's row: uint16, or uint32 from 65,536 values on.
};

/// The k best values of each row of the last dim, sorted; of equal ones the first comes first, and
/// NaNs come last.
///
/// Shapes:    [.., d] -> twice [.., k].
/// Placement: unchanged. Where the last dim is sharded each chip takes its own k, and indices count
///            from the chip's first value.
/// Cost:      reads it once, writes both; for each tile log2(d) comparing passes of 32 cycles,
///            those of a bitonic network cut to k (assumed).
/// Throws:    std::invalid_argument if `dim` is not the last, k is out of range or a sum is owed.
/// Source:    ttnn.topk.
[[nodiscard]] Topk topk(const mesh::Tensor& input, const TopkOptions& options);

[[nodiscard]] mesh::OpDefinition topk_definition();

}  // namespace ttmesh::ops
