#pragma once

#include "mesh/program/chip_host.hpp"
#include "mesh/program/inbox.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/ports.hpp"
#include "mesh/program/recorder.hpp"
#include "mesh/program/shard_table.hpp"
#include "sim/timeline.hpp"

namespace ttmesh::mesh {

/// The parts of a chip that a run of one command works on.
struct ChipContext {
  ChipId id;
  const Machine& machine;
  const sim::CollectiveModel& workers;  ///< What this chip's collective workers cost.
  ChipHost& host;
  bool timing_only;  ///< Shards have no values, chunks no payload.
  Ports ports;
  Inbox inbox;
  ShardTable shards;
  sim::Timeline queue;
  Recorder recorder;
};

/// The latest of a command's dispatch and its inputs that this chip holds: it cannot start sooner.
[[nodiscard]] sim::Time inputs_ready(const ChipContext& chip, const Command& command);

/// The first failure among a command's inputs on this chip; null if there is none.
[[nodiscard]] FailurePtr input_failure(const ChipContext& chip, const Command& command);

}  // namespace ttmesh::mesh
