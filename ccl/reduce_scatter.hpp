#pragma once

#include <optional>

#include "ccl/topology.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ccl {

struct ReduceScatterOptions {
  int dim;                            ///< Tensor dim to cut, a slice for each chip.
  std::optional<int> cluster_axis{};  ///< Mesh axis whose chips hold the terms; a mesh of one row
                                      ///< or one column needs none.
  std::optional<int> num_links{};     ///< Links side by side; the system's usable ones if unset.
  Topology topology = Topology::Linear;        ///< Ring needs a closed line.
  std::optional<mesh::MemoryConfig> memory{};  ///< Where the output lives; as the input if unset.
};

/// Adds the terms that the chips of a line hold and leaves each chip its slice of the sum.
/// Every addition rounds to the tensor's dtype.
///
/// Shapes:    [.., d, ..] -> [.., d / n, ..] per chip; n chips along `cluster_axis`.
/// Placement: Partial -> Shard{dim} along `cluster_axis`; the other axis is unchanged. If that one
///            shards `dim` too, the slices lie within its parts.
/// Cost:      Linear: n - 1 hops, (n - 1) / n * T bytes on a link, T bytes per chip.
///            Ring: floor(n / 2) rounds, (n - 1) / n * T / 2 bytes on each direction of a link.
///            Small tensors on a ring (CollectiveModel::direct_bytes) go straight to their owners.
///            A line of one chip costs nothing: the input is returned.
/// Throws:    std::invalid_argument if an option is out of range, the line is not closed, the input
///            is not Partial, or `dim` does not cut into whole tiles for each chip.
/// Source:    ttnn.reduce_scatter; ccl/README.md.
[[nodiscard]] mesh::Tensor reduce_scatter(const mesh::Tensor& input,
                                          const ReduceScatterOptions& options);

/// Row of the op table.
[[nodiscard]] mesh::OpDefinition reduce_scatter_definition();

}  // namespace ttmesh::ccl
