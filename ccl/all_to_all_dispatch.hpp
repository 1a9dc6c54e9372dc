#pragma once

#include <optional>
#include <string>

#include "ccl/topology.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ccl {

struct AllToAllDispatchOptions {
  std::optional<int> cluster_axis{};  ///< Mesh axis whose chips exchange tokens; all chips of the
                                      ///< mesh if unset.
  std::optional<int> num_links{};     ///< Links side by side; the system's usable ones if unset.
  Topology topology = Topology::Linear;  ///< Ring needs closed lines, on a mesh along one axis.
  std::optional<mesh::MemoryConfig> memory{};  ///< Where outputs live; as the input if unset.
};

struct Dispatched {
  mesh::Tensor tokens;    ///< Rows of tokens that did not select an expert of the chip are 0.
  mesh::Tensor metadata;  ///< The experts that every token has selected.
};

/// Sends every token of a mixture of experts to the chips of its experts, once to each.
/// It is an all_gather of the indices and an exchange of tokens, whose bytes depend on the indices;
/// without values routing is balanced.
///
/// Shapes:    tokens [B, S, 1, H], indices [B, S, 1, K], mapping [1, 1, E, D] per chip ->
///            tokens [1, n * B, S, H], metadata [1, n * B, S, K]; n chips exchange, the mapping's D
///            columns are the chips of the mesh, row-major, with a single 1 in each expert's row.
/// Placement: tokens and indices Shard{0} along `cluster_axis` and Replicate along the other one,
///            or Shard{0} on both; mapping Replicate -> tokens Shard{0} on both, each chip its own;
///            metadata Replicate.
/// Cost:      n - 1 hops on a line, floor(n / 2) on a ring; a row for each token and chip.
/// Throws:    std::invalid_argument if shapes, placements, layouts (row-major is needed) or number
///            formats (integers for indices and mapping) do not fit.
/// Source:    ttnn.all_to_all_dispatch; ccl/README.md.
[[nodiscard]] Dispatched all_to_all_dispatch(const mesh::Tensor& tokens,
                                             const mesh::Tensor& expert_indices,
                                             const mesh::Tensor& expert_mapping,
                                             const AllToAllDispatchOptions& options);

/// Row of the op table: the exchange of tokens.
[[nodiscard]] mesh::OpDefinition all_to_all_dispatch_definition();

}  // namespace ttmesh::ccl
