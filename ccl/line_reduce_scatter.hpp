#pragma once

#include "ccl/member.hpp"
#include "mesh/program/step.hpp"

namespace ttmesh::ccl {

/// Reduce-scatter along an open line: sums of a slice grow from both ends towards its owner, whole
/// slices at a time, the farthest slices first.
///
/// Slots: 0 .. n-1 the slices in order of the line, then one for what arrives on each lane.
/// Steps: n - 1 hops. Wire: n - 1 - i slices forward and i backward on the links of chip i.
/// Sum:   the owner's term, plus what came forward, plus what came backward; on each lane from the
///        farthest term to the nearest.
[[nodiscard]] mesh::StepPlan line_reduce_scatter(const Member& member, int dim);

}  // namespace ttmesh::ccl
