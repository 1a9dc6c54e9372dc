#pragma once

#include "ccl/member.hpp"
#include "mesh/program/step.hpp"

namespace ttmesh::ccl {

/// Reduce-scatter around a closed line: sums of a slice grow on their way to its owner, from both
/// sides, the farthest slices first. On an even ring the farthest chip's term travels half each way
/// if `parts` is 2 (see ring_parts).
///
/// Slots: slice s, part p at s * parts + p; then one for what arrives on each lane.
/// Steps: floor(n / 2) rounds. Wire: (n - 1) / 2 slices on each direction of each link.
/// Sum:   the owner's term, plus what came forward, plus what came backward; on each lane from the
///        farthest term to the nearest.
[[nodiscard]] mesh::StepPlan ring_reduce_scatter(const Member& member, int dim, int parts);

/// The same in one direction: a sum starts one hop ahead of its owner and goes all the way around.
/// Steps: n - 1 rounds. Wire: n - 1 slices forward on each link.
[[nodiscard]] mesh::StepPlan one_way_reduce_scatter(const Member& member, int dim);

}  // namespace ttmesh::ccl
