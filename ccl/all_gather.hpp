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

struct AllGatherOptions {
  int dim;                            ///< Tensor dim to concatenate along.
  std::optional<int> cluster_axis{};  ///< Mesh axis whose chips exchange shards; all chips of the
                                      ///< mesh if unset, one axis after the other.
  std::optional<int> num_links{};     ///< Links side by side; the system's usable ones if unset.
  Topology topology = Topology::Linear;        ///< Ring needs a closed line.
  std::optional<mesh::MemoryConfig> memory{};  ///< Where the output lives; as the input if unset.
  /// "line", "ring", "ring_one_way", "routed", or "fastest"; what tt-metal runs if unset: around a
  /// ring, else along the line.
  std::optional<std::string> algorithm{};
};

/// Gives every chip of a line the shards of the whole line, concatenated along `dim`.
///
/// Shapes:    [.., d, ..] -> [.., n * d, ..] per chip; n chips along `cluster_axis`.
/// Placement: Shard{dim} -> Replicate along `cluster_axis`, and Partial -> Stacked{dim}: the terms
///            one after another, their sum still owed. The other axis is unchanged. Where both axes
///            shard `dim`, the inner one is gathered first.
/// Cost:      Linear: n - 1 hops, up to (n - 1) * B bytes on a link, B bytes per shard.
///            Ring: floor(n / 2) rounds, (n - 1) / 2 * B bytes on each direction of a link.
///            A line of one chip costs nothing: the input is returned.
/// Throws:    std::invalid_argument if an option is out of range, the line is not closed, or the
///            input is neither sharded along `dim` nor Partial.
/// Source:    ttnn.all_gather; ccl/README.md.
[[nodiscard]] mesh::Tensor all_gather(const mesh::Tensor& input, const AllGatherOptions& options);

/// Which algorithm `all_gather` runs on an input of such a spec, and why.
[[nodiscard]] Choice choice_of(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                               const AllGatherOptions& options);

/// The algorithms along lines.
[[nodiscard]] std::span<const LineAlgorithm> all_gather_algorithms();

/// Row of the op table.
[[nodiscard]] mesh::OpDefinition all_gather_definition();

}  // namespace ttmesh::ccl
