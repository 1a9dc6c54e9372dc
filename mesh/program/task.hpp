#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "mesh/program/command.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/program/result_table.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::mesh {

/// A command on one host: what its chips share while they run it. It goes when the last of them
/// has passed the command.
class Task {
 public:
  /// Of the chips that run the command the host takes part with those that it `owns`.
  Task(CommandPtr command, const OpTable& ops, const Machine& machine,
       const std::function<bool(ChipId)>& owns = {});
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  /// Counts one chip as done; true for the last of them.
  bool finish_one() { return unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

  const Command& command() const { return *command_; }
  const OpDefinition& definition() const { return definition_; }
  /// The host's chips that run the command, ascending: those of its views, and relays.
  const std::vector<ChipId>& chips() const { return chips_; }
  /// One chip's part in a collective.
  StepPlan plan(ChipId chip) const { return schedule_.plan(chip); }
  OpCall call() const;
  /// Time of a compute op on a chip that is not slowed down.
  sim::Time duration() const { return duration_; }
  ResultTable& results() { return results_; }

 private:
  CommandPtr command_;
  const OpDefinition& definition_;
  Schedule schedule_;  ///< Of a collective.
  std::vector<ChipId> chips_;
  sim::Time duration_;
  ResultTable results_;
  std::atomic<int> unfinished_;
};

using TaskPtr = std::shared_ptr<Task>;

}  // namespace ttmesh::mesh
