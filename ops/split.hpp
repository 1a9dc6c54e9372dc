#pragma once

#include <cstdint>
#include <vector>

#include "mesh/device/tensor.hpp"

namespace ttmesh::ops {

struct SplitOptions {
  std::int64_t split_size;  ///< Extent of each part; the last may be smaller.
  int dim = 0;              ///< Negative counts from the end.
};

/// Parts of each chip's tensor along a dim, in order, each a slice.
///
/// Shapes:    [.., d, ..] -> ceil(d / split_size) of [.., split_size, ..] per chip.
/// Placement, cost, throws: those of slice; std::invalid_argument if the size is not positive.
/// Source:    ttnn.split.
[[nodiscard]] std::vector<mesh::Tensor> split(const mesh::Tensor& input,
                                              const SplitOptions& options);

}  // namespace ttmesh::ops
