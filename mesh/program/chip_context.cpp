#include "mesh/program/chip_context.hpp"

#include <algorithm>

namespace ttmesh::mesh {

sim::Time inputs_ready(const ChipContext& chip, const Command& command) {
  sim::Time ready = command.dispatched;
  for (const TensorId id : command.inputs) {
    const auto held = chip.shards.find(id);
    if (held != chip.shards.end()) ready = std::max(ready, held->second.ready);
  }
  return ready;
}

FailurePtr input_failure(const ChipContext& chip, const Command& command) {
  FailurePtr failure;
  for (const TensorId id : command.inputs) failure = earlier(failure, chip.shards.at(id).failure);
  return failure;
}

}  // namespace ttmesh::mesh
