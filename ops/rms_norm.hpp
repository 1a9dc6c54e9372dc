#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "ops/normalization.hpp"

namespace ttmesh::ops {

/// x / sqrt(mean(x^2) + epsilon) * weight + bias for each row of the last dim, where x is the input
/// plus the residual. Sums are float32; the result is rounded once.
///
/// Shapes:    [.., d] -> [.., d]; weight and bias hold d values in any shape, such as [d / 32, 32].
/// Placement: unchanged; the last dim is whole on each chip, weight and bias are Replicate.
/// Cost:      reads all inputs once, writes once; 8 cycles a tile and core for each of 3 passes,
///            and one more for each of weight, bias and residual.
/// Throws:    std::invalid_argument if a sum is owed, the last dim is sharded (the message names
///            rms_norm_pre_all_gather), or shapes do not fit.
/// Source:    ttnn.rms_norm.
[[nodiscard]] mesh::Tensor rms_norm(const mesh::Tensor& input, const NormOptions& options = {});

[[nodiscard]] mesh::OpDefinition rms_norm_definition();

}  // namespace ttmesh::ops
