#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "ops/distributed_norm.hpp"

namespace ttmesh::ops {

/// Each chip's part of a distributed layer norm's statistics: the sum of squares of its part of
/// each row, in column 0 of a tile, and their sum in that of the next; the other columns are 0.
///
/// Shapes:    [.., s, d] -> [.., s, 64].
/// Placement: Shard(last) stays Shard(last): the chips' columns lie side by side, and all_gather
///            over the last dim along the same cluster_axis makes them whole. Everything else
///            stays.
/// Cost:      reads the input once, writes the statistics; 8 cycles a tile and core for each of 3
///            passes.
/// Throws:    std::invalid_argument if a sum is owed.
/// Source:    ttnn.layer_norm_pre_all_gather.
[[nodiscard]] mesh::Tensor layer_norm_pre_all_gather(const mesh::Tensor& input,
                                                     const PreAllGatherOptions& options = {});

/// The same of input plus residual, which is the second output; one pass more. Placements and
/// shapes of the two are equal.
[[nodiscard]] ResidualPreAllGather layer_norm_pre_all_gather(
    const mesh::Tensor& input, const mesh::Tensor& residual,
    const PreAllGatherOptions& options = {});

[[nodiscard]] mesh::OpDefinition layer_norm_pre_all_gather_definition();

}  // namespace ttmesh::ops
