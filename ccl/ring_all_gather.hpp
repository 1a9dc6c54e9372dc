#pragma once

#include "ccl/member.hpp"
#include "mesh/program/step.hpp"

namespace ttmesh::ccl {

/// All-gather around a closed line: each chip's worker sends its shard both ways and passes on what
/// it receives, whole shards at a time. On an even ring the farthest shard travels half each way if
/// `parts` is 2 (see ring_parts).
///
/// Slots: shard s, part p at s * parts + p.
/// Steps: floor(n / 2) rounds. Wire: (n - 1) / 2 shards on each direction of each link.
[[nodiscard]] mesh::StepPlan ring_all_gather(const Member& member, int dim, int parts);

/// The same in one direction: every shard goes forward, all the way around.
/// Steps: n - 1 rounds. Wire: n - 1 shards forward on each link.
[[nodiscard]] mesh::StepPlan one_way_all_gather(const Member& member, int dim);

}  // namespace ttmesh::ccl
