#pragma once

#include <optional>

#include "ccl/topology.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ccl {

struct AllToAllCombineOptions {
  std::optional<int> cluster_axis{};     ///< Mesh axis whose chips exchange rows; all chips of the
                                         ///< mesh if unset.
  std::optional<int> num_links{};        ///< Links side by side; the system's usable ones if unset.
  Topology topology = Topology::Linear;  ///< Ring needs closed lines, on a mesh along one axis.
  std::optional<mesh::MemoryConfig> memory{};  ///< Where the output lives; as the input if unset.
};

/// Sends what experts made of tokens back to the chips that the tokens came from: the inverse of
/// all_to_all_dispatch. Bytes depend on the metadata; without values routing is balanced.
///
/// Shapes:    expert outputs [E / D, n * B, S, H], metadata [1, n * B, S, K], mapping [1, 1, E, D]
///            per chip -> [K, B, S, H]: row k of a token is the output of its k-th expert.
/// Placement: expert outputs of any placement, each chip those of its own experts; metadata and
///            mapping Replicate -> Shard{1} along `cluster_axis` and Partial along the other one
///            (a row whose expert is not on the line is 0), or Shard{1} on both.
/// Cost:      as all_to_all_dispatch; a row for each token and expert.
/// Throws:    std::invalid_argument if shapes, placements, layouts (row-major is needed) or number
///            formats (integers for metadata and mapping) do not fit.
/// Source:    ttnn.all_to_all_combine; ccl/README.md.
[[nodiscard]] mesh::Tensor all_to_all_combine(const mesh::Tensor& expert_outputs,
                                              const mesh::Tensor& expert_metadata,
                                              const mesh::Tensor& expert_mapping,
                                              const AllToAllCombineOptions& options);

/// Row of the op table.
[[nodiscard]] mesh::OpDefinition all_to_all_combine_definition();

}  // namespace ttmesh::ccl
