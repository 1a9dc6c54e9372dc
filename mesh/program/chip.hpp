#pragma once

#include <deque>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "mesh/program/chip_context.hpp"
#include "mesh/program/collective_run.hpp"
#include "mesh/program/compute_run.hpp"
#include "mesh/program/report.hpp"

namespace ttmesh::mesh {

/// One chip: its shards, its queue, its outgoing links, and the interpreter of its commands. Plain
/// logic; an actor feeds it. Calls must not overlap.
///
/// Invariant: commands are interpreted one at a time in number order. The front one may be parked,
/// waiting for a chunk or for a result that another chip of the host is computing.
class Chip {
 public:
  /// `machine` and `host` outlive the chip.
  Chip(ChipId id, const Machine& machine, ChipHost& host, bool timing_only);

  /// Takes the next command; `run` interprets it.
  void accept(TaskPtr task) { commands_.push_back(std::move(task)); }
  /// Puts a tensor's shard on the chip without a command.
  void hold(TensorId id, HeldShard shard) { chip_.shards[id] = std::move(shard); }
  /// Takes chunks, which are moved from; `run` looks whether a step waits for them.
  void accept(std::span<Chunk> chunks);
  /// Runs as far as possible with what has been accepted.
  void run();
  /// Forgets what was recorded so far.
  void start_recording(bool trace);

  ChipReport report() const;
  /// Number of the command that the chip is at; that of the next one if it is idle.
  std::uint64_t current() const;

 private:
  using Front = std::variant<std::monostate, ComputeRun, CollectiveRun>;

  /// Runs the front command until it is done (true) or parked.
  bool advance();
  void begin(Task& task);
  void pass(Task& task);

  ChipContext chip_;
  std::deque<TaskPtr> commands_;
  Front front_;
  std::uint64_t passed_ = 0;  ///< Number of the last command that is done.
};

}  // namespace ttmesh::mesh
