#pragma once

#include <optional>
#include <span>
#include <string>

#include "ccl/algorithm.hpp"
#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ccl {

struct ReduceScatterOptions {
  int dim;                               ///< Tensor dim to cut, a slice for each chip.
  std::optional<int> cluster_axis{};     ///< Mesh axis whose chips hold the terms; all chips of the
                                         ///< mesh if unset, one axis after the other.
  std::optional<int> num_links{};        ///< Links side by side; the system's usable ones if unset.
  Topology topology = Topology::Linear;  ///< Ring needs a closed line.
  std::optional<mesh::MemoryConfig> memory{};  ///< Where the output lives; as the input if unset.
  /// "line", "ring", "ring_one_way", "direct", "routed", or "fastest"; what tt-metal runs if unset:
  /// around a ring, directly if the tensor is small, else along the line.
  std::optional<std::string> algorithm{};
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

/// Which algorithm `reduce_scatter` runs on an input of such a spec, and why.
[[nodiscard]] Choice choice_of(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                               const ReduceScatterOptions& options);

/// The algorithms along lines.
[[nodiscard]] std::span<const LineAlgorithm> reduce_scatter_algorithms();

/// Row of the op table.
[[nodiscard]] mesh::OpDefinition reduce_scatter_definition();

}  // namespace ttmesh::ccl
