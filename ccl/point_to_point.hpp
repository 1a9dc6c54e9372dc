#pragma once

#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

struct PointToPointOptions {
  mesh::Coordinate from;           ///< Chip that sends, within the input's mesh.
  mesh::Coordinate to;             ///< Chip that receives, within the receiver's mesh.
  std::optional<int> num_links{};  ///< Links side by side; the system's usable ones if unset.
  /// One chip elsewhere on the machine, on another mesh too; the input's mesh if unset.
  std::optional<mesh::MeshDevice> receiver{};
};

/// Sends one chip's shard to another chip, over any links that lead there: first along the column
/// and then along the row of a mesh, around a detour where a link is missing, over links between
/// meshes. Routers pass it on; the chips on the way are not held up.
///
/// Shapes:    those of the input, per chip.
/// Placement: as the input. Every other chip keeps its shard. With a `receiver` both the input's
///            mesh and the receiver are single chips, and the output is on the receiver.
/// Cost:      as many hops as the route is long; the shard's bytes on each of its links.
/// Throws:    std::invalid_argument if a coordinate is outside its mesh or a device is no single
///            chip; mesh::Error (Unreachable) if no links lead there.
/// Source:    ttnn.point_to_point, ttnn.experimental.send_async; ccl/README.md.
[[nodiscard]] mesh::Tensor point_to_point(const mesh::Tensor& input,
                                          const PointToPointOptions& options);

/// Row of the op table.
[[nodiscard]] mesh::OpDefinition point_to_point_definition();

}  // namespace ttmesh::ccl
