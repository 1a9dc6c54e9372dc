#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

struct TransposeOptions {
  int dim0;  ///< Negative counts from the end.
  int dim1;
};

/// The tensor with two dims exchanged.
///
/// Placement: Shard and Stacked follow their dim; Partial stays.
/// Cost:      reads and writes it once.
/// Throws:    std::invalid_argument if a dim is out of range.
/// Source:    ttnn.transpose.
[[nodiscard]] mesh::Tensor transpose(const mesh::Tensor& input, const TransposeOptions& options);

[[nodiscard]] mesh::OpDefinition transpose_definition();

}  // namespace ttmesh::ops
