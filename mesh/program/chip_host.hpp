#pragma once

#include "mesh/program/chunk.hpp"
#include "mesh/program/shard_table.hpp"
#include "mesh/program/task.hpp"

namespace ttmesh::mesh {

/// What a chip asks of the host it lives on. Calls return at once; what they start reaches other
/// chips as messages.
class ChipHost {
 public:
  virtual ~ChipHost() = default;

  /// Carries a chunk to the chip `chunk.to`.
  virtual void send(Chunk chunk) = 0;
  /// Makes `chip` look again for a shared result.
  virtual void wake(ChipId chip) = 0;
  /// Hands a shard to the controller: the answer to a read.
  virtual void deliver(ChipId chip, const Command& read, HeldShard shard) = 0;
  /// `chip` has passed the task's command; its queue is in use until `end`.
  virtual void finished(ChipId chip, Task& task, sim::Time end) = 0;
  /// Whether chips are to start nothing any more: the mesh is lost.
  virtual bool gives_up() const { return false; }
  /// Chips exchanged chunks that do not belong together.
  virtual void mismatch(ChipId chip, const Command& command, std::string what) = 0;
};

}  // namespace ttmesh::mesh
