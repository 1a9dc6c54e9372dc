#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "ops/distributed_norm.hpp"

namespace ttmesh::ops {

/// The second half of a distributed layer norm: scales each chip's part of the rows by the gathered
/// statistics of all chips.
///
/// Shapes:    [.., s, d] and statistics [.., s, 64 * n] -> [.., s, d], n chips along the axes that
///            shard the last dim; weight and bias hold d values in any shape, such as [d / 32, 32].
/// Placement: the input stays as it is; statistics are Replicate where its last dim is sharded, and
///            weight and bias are sharded there; elsewhere statistics lie as the input, weight and
///            bias are Replicate.
/// Cost:      reads all inputs once, writes once; 8 cycles a tile and core for each of 2
///            passes, and again for
///            each of weight and bias.
/// Throws:    std::invalid_argument if the statistics are not those of all chips (the message names
///            the all_gather), or placements or shapes do not fit.
/// Source:    ttnn.layer_norm_post_all_gather.
[[nodiscard]] mesh::Tensor layer_norm_post_all_gather(const mesh::Tensor& input,
                                                      const mesh::Tensor& statistics,
                                                      const PostAllGatherOptions& options = {});

[[nodiscard]] mesh::OpDefinition layer_norm_post_all_gather_definition();

}  // namespace ttmesh::ops
