#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "ops/normalization.hpp"

namespace ttmesh::ops {

/// (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias for each row of the last dim, where x is
/// the input plus the residual. Sums are float32; the result is rounded once.
///
/// Shapes:    [.., d] -> [.., d]; weight and bias hold d values in any shape.
/// Placement: unchanged; the last dim is whole on each chip, weight and bias are Replicate.
/// Cost:      as rms_norm, with 2 passes more.
/// Throws:    std::invalid_argument if a sum is owed, the last dim is sharded, or shapes do not
///            fit.
/// Source:    ttnn.layer_norm.
[[nodiscard]] mesh::Tensor layer_norm(const mesh::Tensor& input, const NormOptions& options = {});

[[nodiscard]] mesh::OpDefinition layer_norm_definition();

}  // namespace ttmesh::ops
