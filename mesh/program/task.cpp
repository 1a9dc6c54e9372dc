#include "mesh/program/task.hpp"

namespace ttmesh::mesh {

Task::Task(CommandPtr command, const OpTable& ops, const Machine& machine, int chips)
    : command_(std::move(command)), definition_(ops.at(command_->op)), unfinished_(chips) {
  if (definition_.cost) duration_ = sim::cost(machine.chip, definition_.cost(call())).duration;
}

OpCall Task::call() const {
  return {command_->attributes, command_->input_specs, command_->output_specs};
}

}  // namespace ttmesh::mesh
