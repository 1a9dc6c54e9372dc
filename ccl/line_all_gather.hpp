#pragma once

#include "ccl/member.hpp"
#include "mesh/program/step.hpp"

namespace ttmesh::ccl {

/// All-gather along an open line: every chip's shard is multicast both ways by the routers, which
/// forward cut-through. The farthest shard goes first on every link, so that the links are busy
/// from the first packet to the last.
///
/// Slots: 0 .. n-1 the shards in order of the line, n the chip's own before the worker copies it.
/// Steps: n - 1 hops. Wire: shards i + 1 forward and n - i backward on the links of chip i.
[[nodiscard]] mesh::StepPlan line_all_gather(const Member& member, int dim);

}  // namespace ttmesh::ccl
