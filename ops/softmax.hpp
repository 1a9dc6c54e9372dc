#pragma once

#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

struct SoftmaxOptions {
  int dim = -1;                                ///< The last one.
  std::optional<mesh::DataType> dtype{};       ///< That of the input if unset.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// exp(x - m) / sum(exp(x - m)) for each row of the last dim, m its largest value; in float32,
/// rounded once.
///
/// Shapes:    [.., d] -> [.., d].
/// Placement: unchanged; the last dim is whole on each chip.
/// Cost:      reads it once, writes once; for each tile 512 cycles of an exponential and 8 for each
///            of 4 passes (maximum, difference, sum, scale).
/// Throws:    std::invalid_argument if `dim` is not the last, a sum is owed or the last dim
///            sharded.
/// Source:    ttnn.softmax with numeric_stable.
[[nodiscard]] mesh::Tensor softmax(const mesh::Tensor& input, const SoftmaxOptions& options = {});

[[nodiscard]] mesh::OpDefinition softmax_definition();

}  // namespace ttmesh::ops
