#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "ops/elementwise.hpp"

namespace ttmesh::ops {

/// a + b, value by value.
///
/// Shapes:    [.., m, n] and [.., m, n] -> [.., m, n]; extents of 1 and missing leading dims
///            repeat.
/// Placement: equal placements stay; Shard{d} + Replicate stays Shard{d} where b has extent 1 in d;
///            Partial + Partial stays Partial.
/// Cost:      reads both, writes one; 8 cycles a tile and core, and those of the activations.
/// Throws:    std::invalid_argument if shapes do not broadcast, or a Partial meets anything else.
/// Source:    ttnn.add.
[[nodiscard]] mesh::Tensor add(const mesh::Tensor& a, const mesh::Tensor& b,
                               const ElementwiseOptions& options = {});

/// a + scalar. Refuses a sum that is still owed: every chip's term would gain the scalar.
[[nodiscard]] mesh::Tensor add(const mesh::Tensor& a, float scalar,
                               const ElementwiseOptions& options = {});

[[nodiscard]] mesh::OpDefinition add_definition();

}  // namespace ttmesh::ops
