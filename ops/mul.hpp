#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "ops/elementwise.hpp"

namespace ttmesh::ops {

/// a * b, value by value; `input_a_activation` makes it the gate of an MLP.
///
/// Shapes:    [.., m, n] and [.., m, n] -> [.., m, n]; extents of 1 and missing leading dims
///            repeat.
/// Placement: equal placements but Partial stay; Shard{d} * Replicate stays Shard{d} where b has
///            extent 1 in d; Partial * Replicate stays Partial.
/// Cost:      reads both, writes one; 8 cycles a tile and core, and those of the activations.
/// Throws:    std::invalid_argument if shapes do not broadcast, a Partial meets anything but
///            Replicate, or an activation meets a Partial.
/// Source:    ttnn.multiply.
[[nodiscard]] mesh::Tensor mul(const mesh::Tensor& a, const mesh::Tensor& b,
                               const ElementwiseOptions& options = {});

/// a * scalar.
[[nodiscard]] mesh::Tensor mul(const mesh::Tensor& a, float scalar,
                               const ElementwiseOptions& options = {});

[[nodiscard]] mesh::OpDefinition mul_definition();

}  // namespace ttmesh::ops
