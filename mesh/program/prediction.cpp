#include "mesh/program/prediction.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mesh/program/chip.hpp"
#include "mesh/program/chip_host.hpp"
#include "mesh/topology/line.hpp"

namespace ttmesh::mesh {
namespace {

/// The chips that run a command, and the chunks between them, first in first out.
class Preview : public ChipHost {
 public:
  Preview(const Machine& machine, const TaskPtr& task) {
    for (const ChipId id : task->chips()) {
      chips_.emplace(id, std::make_unique<Chip>(id, machine, *this, true));
    }
    unfinished_ = chips_.size();
    const Command& command = task->command();
    for (const ChipId id : chips_of(machine.topology, command.view)) {
      for (std::size_t i = 0; i < command.inputs.size(); ++i) {
        chips_.at(id)->hold(command.inputs[i], {Shard(command.input_specs[i].shape), {}, {}});
      }
    }
  }

  sim::Time run(const TaskPtr& task) {
    for (const ChipId id : task->chips()) {
      chips_.at(id)->accept(task);
      chips_.at(id)->run();
    }
    for (; !chunks_.empty(); chunks_.pop_front()) {
      Chunk& chunk = chunks_.front();
      chips_.at(chunk.to)->accept({&chunk, 1});
      chips_.at(chunk.to)->run();
    }
    if (unfinished_ > 0) throw std::logic_error("[predict] a chip waits for ever");
    return end_;
  }

 private:
  void send(Chunk chunk) override { chunks_.push_back(std::move(chunk)); }
  void wake(ChipId) override {}
  void deliver(ChipId, const Command&, HeldShard) override {}
  void finished(ChipId, Task&, sim::Time end) override {
    --unfinished_;
    end_ = std::max(end_, end);
  }
  void mismatch(ChipId, const Command&, std::string what) override {
    throw std::logic_error("[predict] " + what);
  }

  std::unordered_map<ChipId, std::unique_ptr<Chip>> chips_;
  std::deque<Chunk> chunks_;
  std::size_t unfinished_ = 0;
  sim::Time end_;
};

}  // namespace

sim::Time predict(const Command& command, const OpTable& ops, const Machine& machine) {
  const auto task = std::make_shared<Task>(std::make_shared<const Command>(command), ops, machine);
  return Preview(machine, task).run(task);
}

}  // namespace ttmesh::mesh
