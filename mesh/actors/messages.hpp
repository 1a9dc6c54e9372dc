#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mesh/program/chunk.hpp"
#include "mesh/program/report.hpp"
#include "mesh/program/shard_table.hpp"
#include "mesh/program/task.hpp"

namespace ttmesh::mesh {

/// Who is who on this host. Actors drop it on StopMessage, so that they do not keep each other
/// alive.
struct Directory {
  std::vector<caf::actor> chips;  ///< By chip id.
  caf::actor controller;
};

/// Goes when a message that another host sent has been handled: then the host may send more.
using WireCredit = std::shared_ptr<const void>;

// To every actor.
struct StartMessage {
  std::shared_ptr<const Directory> directory;
};
struct StopMessage {};

// Controller to host.
struct CommandMessage {
  CommandPtr command;
  WireCredit credit{};
};

// Host to chip.
struct TaskMessage {
  TaskPtr task;
};

// Chip to chip.
struct ChunksMessage {
  std::vector<Chunk> chunks;  ///< All that the sender had for the receiver, in order.
  WireCredit credit{};
};
struct WakeMessage {};

// Controller to chip.
struct RecordMessage {
  bool trace;
};
struct ReportRequest {};

// Chip to controller.
struct DeliverMessage {
  std::uint64_t read;
  ChipId chip;
  HeldShard shard;
  WireCredit credit{};
};
struct ReportMessage {
  ChipReport report;
};
struct FaultMessage {
  Failure failure;
};

}  // namespace ttmesh::mesh

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::StartMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::StopMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::CommandMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::TaskMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::ChunksMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::WakeMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::RecordMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::ReportRequest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::DeliverMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::ReportMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ttmesh::mesh::FaultMessage)
