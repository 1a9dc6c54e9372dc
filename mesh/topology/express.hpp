#pragma once

#include <vector>

#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// Chords at regular distances along one axis of a mesh: the axis is cut into blocks of `step`
/// chips from `start` on, and a chord joins the two ends of each block.
struct ExpressPattern {
  int axis = 0;
  int start = 0;
  int step = 2;
  bool wrap = true;  ///< A block may cross from the last chip to the first, if the axis is a ring.
};

/// Chords of a pattern in every row or column of the mesh, with its channels each. `start` must lie
/// on the axis, and `step` must be 2 or more and at most the axis' extent.
[[nodiscard]] std::vector<Edge> express_edges(const MeshDescription& mesh,
                                              const ExpressPattern& pattern);

}  // namespace ttmesh::mesh
