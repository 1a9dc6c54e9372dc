#pragma once

#include <vector>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

/// Elements added to a dim, of one chip's part.
struct Padding {
  std::int64_t front = 0;
  std::int64_t back = 0;
};

struct PadOptions {
  std::vector<Padding> padding;  ///< For each dim, or for the last few.
  float value = 0.0F;            ///< Rounded to the tensor's dtype.
};

/// The tensor with `value` in front of and after its values.
///
/// Shapes:    [.., d, ..] -> [.., front + d + back, ..] per chip.
/// Placement: unchanged; a sharded dim is padded on each chip alike. A sum owed is padded only with
///            0, and a stacked dim not at all.
/// Cost:      reads it once, writes the result once.
/// Throws:    std::invalid_argument if there are more paddings than dims, one is negative, or a sum
///            owed would get other values than 0.
/// Source:    ttnn.pad.
[[nodiscard]] mesh::Tensor pad(const mesh::Tensor& input, const PadOptions& options);

[[nodiscard]] mesh::OpDefinition pad_definition();

}  // namespace ttmesh::ops
