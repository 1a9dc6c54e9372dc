#pragma once

#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

// Collectives along lines that are in pieces: payloads go from every chip of a line straight to
// every other one, on routes of the topology. Routers forward, also on chips of other lines and
// outside the view, so lines share links.

/// Every shard to every other chip.
/// Slots: 0 .. n-1 the shards in order of the line, n the chip's own before the worker copies it.
[[nodiscard]] mesh::Schedule routed_all_gather(const mesh::CollectiveCall& call);

/// Every slice to its owner, which adds what it gets to its own, in order of the line.
/// Slots: 0 .. n-1 the chip's own terms, n .. 2n-1 those of the chips of the line.
[[nodiscard]] mesh::Schedule routed_reduce_scatter(const mesh::CollectiveCall& call);

}  // namespace ttmesh::ccl
