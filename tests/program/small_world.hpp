#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "mesh/program/builtin_ops.hpp"
#include "mesh/program/chip.hpp"
#include "mesh/program/chip_host.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::mesh {

/// Ops small enough to be understood at a glance: `double` (compute), `fail` (compute, throws),
/// `bump` (adds 1 to its input, in place), `spoil` (the same, throws),
/// `rotate` (collective: every chip of a row gives its shard to the next, the last to the first),
/// `greedy` (collective: waits for a chunk that nobody sends), `chatty` (sends one nobody takes).
/// `runs` counts evaluations of `double`.
OpTable small_ops(std::shared_ptr<std::atomic<int>> runs);

/// Specs of a float32 tensor [1, 1, 32, 32] on each chip of `mesh`.
TensorSpec small_spec(MeshShape mesh, Placement along_columns = shard(3));

/// The chips of a machine and the messages between them, without actors: the test decides who
/// delivers. Numbers commands as a controller does.
class SmallWorld : public ChipHost {
 public:
  using Message = std::variant<TaskPtr, Chunk, std::monostate>;  ///< The last is a wake-up.
  struct Envelope {
    ChipId from;  ///< -1: the controller.
    ChipId to;
    Message message;
  };

  SmallWorld(const std::string& topology, OpTable ops, bool timing_only = false);

  /// Puts a tensor of 1.0, 2.0, .. (by chip) on the mesh; returns its id.
  TensorId write(Placement along_columns = shard(3));
  /// Issues an op on one input; returns its output's id.
  TensorId issue(const std::string& op, TensorId input);
  /// Issues an op that changes its input in place.
  void change(const std::string& op, TensorId input);
  /// Issues a read; the shards are in `delivered` once it has run.
  void read(TensorId input);

  /// What waits to be delivered.
  virtual void post(Envelope envelope) { pending.push_back(std::move(envelope)); }
  /// Hands one message to its chip.
  void deliver(Envelope envelope);
  /// Delivers all messages in an order that `seed` decides, first in first out per pair.
  void run(unsigned seed = 0);

  const Machine& machine() const { return machine_; }
  Chip& chip(ChipId id) { return *chips_[static_cast<std::size_t>(id)]; }
  int chip_count() const { return static_cast<int>(chips_.size()); }

  std::vector<Envelope> pending;
  std::map<ChipId, HeldShard> delivered;
  std::vector<std::string> mismatches;
  std::atomic<int> finished_commands{0};

 private:
  void send(Chunk chunk) override;
  void wake(ChipId chip) override;
  void deliver(ChipId chip, const Command& read, HeldShard shard) override;
  void finished(ChipId chip, Task& task, sim::Time end) override;
  void mismatch(ChipId chip, const Command& command, std::string what) override;
  void submit(Command command);

  OpTable ops_;
  Machine machine_;
  MeshView view_;
  std::vector<std::unique_ptr<Chip>> chips_;
  std::map<TensorId, TensorSpec> specs_;
  std::uint64_t last_command_ = 0;
  TensorId last_tensor_ = 0;
  std::mutex mutex_;  ///< Guards `delivered` and `mismatches` when several threads deliver.
};

}  // namespace ttmesh::mesh
