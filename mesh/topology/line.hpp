#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/mesh_shape.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// A rectangle of a mesh: what a mesh device or a submesh is.
struct MeshView {
  int mesh = 0;  ///< Mesh id.
  Coordinate origin;
  MeshShape shape;

  friend constexpr bool operator==(const MeshView&, const MeshView&) = default;
};

/// "mesh 0, 2x4 at row 0, column 4"
[[nodiscard]] std::string to_string(const MeshView& view);

/// Chips of a view, row-major.
[[nodiscard]] std::vector<ChipId> chips_of(const Topology& topology, const MeshView& view);

/// Coordinate of `chip` within the view, or nothing if it is outside.
[[nodiscard]] std::optional<Coordinate> position_in(const Topology& topology, const MeshView& view,
                                                    ChipId chip);

/// Chips along one mesh axis of a view, in order of that coordinate.
struct Line {
  std::vector<ChipId> chips;
  bool closed = false;  ///< A link joins the last chip to the first, and there are at least 3.

  int size() const { return static_cast<int>(chips.size()); }
};

/// The line through `chip` along `cluster_axis` of the view: 0 = its column, 1 = its row, none =
/// the chips of a view with one row or one column.
/// Throws std::invalid_argument if the axis is not 0 or 1, or is absent on a view with two extents
/// above 1.
[[nodiscard]] Line line_through(const Topology& topology, const MeshView& view,
                                std::optional<int> cluster_axis, ChipId chip);

/// What to throw where no links lead from one chip to another: it names the chips that are apart.
[[nodiscard]] Error unreachable(const Topology& topology, ChipId from, ChipId to);

/// Chips from `from` to `to`, both included. Within a mesh the row is settled first and then the
/// column, over a wrap link where that is shorter and forward where both ways are as long; between
/// meshes it is a shortest route, through the lower chip where several are as short.
/// Throws mesh::Error (Unreachable) if no links lead there.
[[nodiscard]] std::vector<ChipId> route(const Topology& topology, ChipId from, ChipId to);

}  // namespace ttmesh::mesh
