#pragma once

#include "mesh/program/command.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// A write as the host of `rank` needs it: with no more of the values than lie on its chips. The
/// command itself if it writes nothing, or its chips or parts are not cut as the hosts are.
[[nodiscard]] CommandPtr for_host(const CommandPtr& command, const Topology& topology, int rank);

/// The shard that a write leaves on a chip, of a payload for all hosts or for the chip's.
[[nodiscard]] Shard written_shard(const OpRun& run);

}  // namespace ttmesh::mesh
