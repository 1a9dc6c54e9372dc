#pragma once

#include <optional>
#include <string>

#include "ccl/algorithm.hpp"
#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ccl {

struct BroadcastOptions {
  mesh::Coordinate root;              ///< Chip that has the values, within the tensor's mesh.
  std::optional<int> cluster_axis{};  ///< Mesh axis: every line's chip at the root's place sends to
                                      ///< its line. The whole mesh if unset.
  std::optional<int> num_links{};     ///< Links side by side; the system's usable ones if unset.
  Topology topology = Topology::Linear;  ///< Ring needs closed lines, on a mesh along one axis.
  std::optional<mesh::MemoryConfig> memory{};  ///< Where the output lives; as the input if unset.
  /// "line", "ring", "routed", or "fastest"; around a ring if unset, else along lines.
  std::optional<std::string> algorithm{};
};

/// Gives every chip the root's shard. Routers multicast it, on a mesh along the root's column and
/// from there along every row.
///
/// Shapes:    those of the input, per chip.
/// Placement: -> Replicate along `cluster_axis`, or along both axes.
/// Cost:      as many hops as the farthest chip is away; the shard's bytes on every link, in one
///            direction. One chip costs nothing: the input is returned.
/// Throws:    std::invalid_argument if an option is out of range, or no line is closed.
/// Source:    ttnn.broadcast; ccl/README.md.
[[nodiscard]] mesh::Tensor broadcast(const mesh::Tensor& input, const BroadcastOptions& options);

/// Which algorithm `broadcast` runs on an input of such a spec, and why.
[[nodiscard]] Choice choice_of(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                               const BroadcastOptions& options);

/// Row of the op table.
[[nodiscard]] mesh::OpDefinition broadcast_definition();

}  // namespace ttmesh::ccl
