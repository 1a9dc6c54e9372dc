#pragma once

#include <vector>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

/// The tensor with its dims in another order: dim i of the result is dim `dims[i]` of the input;
/// negative counts from the end.
///
/// Placement: Shard and Stacked follow their dim; Partial stays.
/// Cost:      reads and writes it once.
/// Throws:    std::invalid_argument unless `dims` names each dim once.
/// Source:    ttnn.permute.
[[nodiscard]] mesh::Tensor permute(const mesh::Tensor& input, const std::vector<int>& dims);

[[nodiscard]] mesh::OpDefinition permute_definition();

}  // namespace ttmesh::ops
