#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

struct MeshPartitionOptions {
  int dim;           ///< Tensor dim to cut; negative counts from the end.
  int cluster_axis;  ///< Mesh axis whose chips keep one part each.
};

/// Each chip of a line keeps its part of a tensor that all of them hold.
///
/// Shapes:    [.., d, ..] -> [.., d / n, ..] per chip; n chips along `cluster_axis`.
/// Placement: Replicate -> Shard{dim} along `cluster_axis`; the other axis is unchanged, and cuts
///            first where it shards the same dim.
/// Cost:      reads and writes the chip's part once.
/// Throws:    std::invalid_argument if the tensor is not replicated along `cluster_axis` or n does
///            not divide d.
/// Source:    ttnn.mesh_partition.
[[nodiscard]] mesh::Tensor mesh_partition(const mesh::Tensor& input,
                                          const MeshPartitionOptions& options);

[[nodiscard]] mesh::OpDefinition mesh_partition_definition();

}  // namespace ttmesh::ops
