#pragma once

#include <cstdint>
#include <string>

namespace ttmesh::mesh {

/// Rows first, row-major, as in TTNN.
struct MeshShape {
  int rows = 1;
  int cols = 1;

  int size() const { return rows * cols; }
  /// Extent along a mesh axis: 0 counts the rows, 1 the columns.
  int extent(int cluster_axis) const { return cluster_axis == 0 ? rows : cols; }
  friend constexpr bool operator==(const MeshShape&, const MeshShape&) = default;
};

/// Position of a chip in a mesh.
struct Coordinate {
  int row = 0;
  int col = 0;

  int along(int cluster_axis) const { return cluster_axis == 0 ? row : col; }
  friend constexpr bool operator==(const Coordinate&, const Coordinate&) = default;
};

/// "4x8"
[[nodiscard]] std::string to_string(MeshShape shape);

/// Parses "4x8". Throws std::invalid_argument unless both extents are 1 to 4096.
[[nodiscard]] MeshShape parse_mesh_shape(const std::string& text);

}  // namespace ttmesh::mesh
