#include "mesh/program/task.hpp"

#include <algorithm>

#include "mesh/topology/line.hpp"

namespace ttmesh::mesh {
namespace {

std::vector<ChipId> participants(const Topology& topology, const Command& command,
                                 const std::vector<ChipId>& relays) {
  std::vector<ChipId> chips = chips_of(topology, command.view);
  const auto add = [&chips](const std::vector<ChipId>& more) {
    chips.insert(chips.end(), more.begin(), more.end());
  };
  if (command.output_view != command.view) add(chips_of(topology, command.output_view));
  add(relays);
  std::sort(chips.begin(), chips.end());
  chips.erase(std::unique(chips.begin(), chips.end()), chips.end());
  return chips;
}

}  // namespace

Task::Task(CommandPtr command, const OpTable& ops, const Machine& machine,
           const std::function<bool(ChipId)>& owns)
    : command_(std::move(command)), definition_(ops.at(command_->op)) {
  if (definition_.schedule) {
    schedule_ =
        definition_.schedule({call(), machine.topology, command_->view, command_->output_view});
  }
  if (definition_.cost) duration_ = sim::cost(machine.chip, definition_.cost(call())).duration;
  chips_ = participants(machine.topology, *command_, schedule_.relays);
  if (owns) std::erase_if(chips_, [&](ChipId chip) { return !owns(chip); });
  unfinished_ = static_cast<int>(chips_.size());
}

OpCall Task::call() const {
  return {command_->attributes, command_->input_specs, command_->output_specs};
}

}  // namespace ttmesh::mesh
