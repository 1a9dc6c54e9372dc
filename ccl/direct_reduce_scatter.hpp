#pragma once

#include "ccl/member.hpp"
#include "mesh/program/step.hpp"

namespace ttmesh::ccl {

/// Reduce-scatter of a small tensor around a closed line: every chip sends each slice straight to
/// its owner, the shorter way round; routers forward; the owner adds. On an even ring the farthest
/// slices travel half each way if `parts` is 2 (see ring_parts).
///
/// Slots: slice s, part p at s * parts + p; then for each lane what the chip d hops behind sent,
///        part p, at (d - 1) * parts + p.
/// Steps: floor(n / 2) hops, then floor(n / 2) additions, one worker for each direction.
/// Wire:  as many slices on each direction of a link as the hops 1 .. (n - 1) / 2 add up to, and
///        n / 4 for the farthest chip of an even ring.
/// Sum:   the owner's term, plus what came forward from the farthest to the nearest, plus the sum
///        of what came backward.
[[nodiscard]] mesh::StepPlan direct_reduce_scatter(const Member& member, int dim, int parts);

/// Chips up to which slices are sent directly. Messages grow with the cube of the chips; published
/// for 8 chips, the limit is assumed.
constexpr int kMostDirectChips = 32;

}  // namespace ttmesh::ccl
