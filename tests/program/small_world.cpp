#include "tests/program/small_world.hpp"

#include <random>
#include <stdexcept>
#include <utility>

#include "mesh/program/spec_attributes.hpp"
#include "mesh/topology/load.hpp"

namespace ttmesh::mesh {
namespace {

std::vector<TensorSpec> same_as_input(const OpCall& call) { return {call.inputs.front()}; }

Shard doubled(const Shard& shard) {
  const auto in = shard.block().plain();
  auto out = std::make_shared<Buffer>(in->size());
  for (std::size_t i = 0; i < values<float>(*in).size(); ++i) {
    values<float>(*out)[i] = 2 * values<float>(*in)[i];
  }
  return Shard(std::make_shared<const Block>(shard.shape(), HeldType::Float32, std::move(out)));
}

Step step_of(Step::Kind kind, ChipId peer, int slot) {
  Step step;
  step.kind = kind;
  step.engine = sim::Engine::Relay;
  step.peer = peer;
  step.slot = slot;
  return step;
}

/// Slot 0 is the chip's own shard, slot 1 what it gets.
StepPlan rotation(Generator<Step> steps) {
  StepPlan plan;
  plan.slots = {.dim = 3,
                .parts = 1,
                .slots = 2,
                .input_first = 0,
                .input_slices = 1,
                .output_first = 1,
                .output_slices = 1};
  plan.ring = true;
  plan.steps = std::move(steps);
  return plan;
}

Generator<Step> rotate(ChipId before, ChipId after) {
  co_yield step_of(Step::Kind::Send, after, 0);
  co_yield step_of(Step::Kind::Receive, before, 1);
}

Generator<Step> wait_for_nothing(ChipId before) {
  co_yield step_of(Step::Kind::Receive, before, 1);
}

Generator<Step> send_too_much(ChipId before, ChipId after) {
  co_yield step_of(Step::Kind::Send, after, 0);
  Step second = step_of(Step::Kind::Send, after, 0);
  second.round = 1;
  co_yield second;
  co_yield step_of(Step::Kind::Receive, before, 1);
  co_yield step_of(Step::Kind::Await, before, 1);
}

OpDefinition collective(Generator<Step> (*steps)(ChipId before, ChipId after)) {
  OpDefinition definition;
  definition.infer = same_as_input;
  definition.schedule = [steps](const CollectiveCall& call) {
    return Schedule{.plan = [steps, call](ChipId chip) {
      const Line line = line_through(call.topology, call.view, 1, chip);
      const auto size = line.chips.size();
      const auto at = static_cast<std::size_t>(
          std::find(line.chips.begin(), line.chips.end(), chip) - line.chips.begin());
      return rotation(steps(line.chips[(at + size - 1) % size], line.chips[(at + 1) % size]));
    }};
  };
  return definition;
}

}  // namespace

OpTable small_ops(std::shared_ptr<std::atomic<int>> runs) {
  OpTable table;
  add_builtin_ops(table);
  OpDefinition twice;
  twice.infer = same_as_input;
  const auto twice_cost = [](const OpCall&) {
    return sim::StreamWork{.tiles = 1, .cycles_per_tile = 8};
  };
  twice.cost = twice_cost;
  twice.run = [runs](const OpRun& run) {
    ++*runs;
    return std::vector{doubled(run.inputs.front())};
  };
  table.add("double", std::move(twice));
  OpDefinition fail;
  fail.infer = same_as_input;
  fail.run = [](const OpRun&) -> std::vector<Shard> { throw std::runtime_error("broken kernel"); };
  table.add("fail", std::move(fail));
  OpDefinition bump;
  bump.infer = [](const OpCall&) { return std::vector<TensorSpec>{}; };
  bump.cost = twice_cost;
  bump.update = [](Shard own, const OpRun&) {
    const Shape shape = own.shape();
    BlockPtr block = own.blocks().front();
    own = Shard();
    auto buffer = take_buffer(std::move(block));
    for (float& value : values<float>(*buffer)) value += 1;
    return Shard(std::make_shared<const Block>(shape, HeldType::Float32, std::move(buffer)));
  };
  table.add("bump", bump);
  bump.update = [](const Shard&, const OpRun&) -> Shard {
    throw std::runtime_error("broken kernel");
  };
  table.add("spoil", std::move(bump));
  table.add("rotate", collective(rotate));
  table.add("greedy", collective([](ChipId before, ChipId) { return wait_for_nothing(before); }));
  table.add("chatty", collective(send_too_much));
  return table;
}

TensorSpec small_spec(MeshShape mesh, Placement along_columns) {
  return {.shape = {1, 1, 32, 32},
          .dtype = DataType::Float32,
          .distribution = normalised({.mesh = mesh, .placements = {replicate(), along_columns}})};
}

SmallWorld::SmallWorld(const std::string& topology, OpTable ops, bool timing_only)
    : ops_(std::move(ops)), machine_(make_machine(load_topology(topology), {})) {
  const MeshDescription& mesh = select_mesh(machine_.topology, std::nullopt);
  view_ = {mesh.id, {0, 0}, mesh.shape};
  for (ChipId id = 0; id < mesh.shape.size(); ++id) {
    chips_.push_back(std::make_unique<Chip>(id, machine_, *this, timing_only));
  }
}

TensorId SmallWorld::write(Placement along_columns) {
  const TensorSpec spec = small_spec(view_.shape, along_columns);
  const Shape global = global_shape(spec.shape, spec.distribution);
  std::vector<float> values(static_cast<std::size_t>(global.volume()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<std::int64_t>(i) % global[3] / 32 + 1);
  }
  Command command;
  command.op = "write";
  command.attributes = to_attributes(spec);
  command.output_specs = {spec};
  command.outputs = {++last_tensor_};
  command.payload = std::make_shared<const HostTensor>(HostTensor{global, std::move(values)});
  submit(std::move(command));
  return last_tensor_;
}

TensorId SmallWorld::issue(const std::string& op, TensorId input) {
  Command command;
  command.op = op;
  command.issuer = "test." + op;
  command.inputs = {input};
  command.input_specs = {specs_.at(input)};
  command.output_specs = command.input_specs;
  command.outputs = {++last_tensor_};
  submit(std::move(command));
  return last_tensor_;
}

void SmallWorld::change(const std::string& op, TensorId input) {
  Command command;
  command.op = op;
  command.inputs = {input};
  command.input_specs = {specs_.at(input)};
  submit(std::move(command));
}

void SmallWorld::read(TensorId input) {
  Command command;
  command.op = "read";
  command.inputs = {input};
  command.input_specs = {specs_.at(input)};
  submit(std::move(command));
}

void SmallWorld::submit(Command command) {
  command.number = ++last_command_;
  command.view = view_;
  command.output_view = view_;
  for (std::size_t i = 0; i < command.outputs.size(); ++i) {
    specs_[command.outputs[i]] = command.output_specs[i];
  }
  const auto task =
      std::make_shared<Task>(std::make_shared<const Command>(std::move(command)), ops_, machine_);
  for (ChipId id = 0; id < chip_count(); ++id) post({-1, id, task});
}

void SmallWorld::deliver(Envelope envelope) {
  Chip& to = chip(envelope.to);
  if (auto* task = std::get_if<TaskPtr>(&envelope.message)) {
    to.accept(std::move(*task));
  } else if (auto* chunk = std::get_if<Chunk>(&envelope.message)) {
    to.accept({chunk, 1});
  }
  to.run();
}

void SmallWorld::run(unsigned seed) {
  std::mt19937 random(seed);
  while (!pending.empty()) {
    // The oldest message of the pair to which a random message belongs.
    const Envelope& drawn = pending[random() % pending.size()];
    const auto oldest = std::find_if(pending.begin(), pending.end(), [&](const Envelope& each) {
      return each.from == drawn.from && each.to == drawn.to;
    });
    Envelope next = std::move(*oldest);
    pending.erase(oldest);
    deliver(std::move(next));
  }
}

void SmallWorld::send(Chunk chunk) {
  const ChipId from = chunk.from;
  const ChipId to = chunk.to;
  post({from, to, std::move(chunk)});
}

void SmallWorld::wake(ChipId chip) { post({-1, chip, std::monostate()}); }

void SmallWorld::deliver(ChipId chip, const Command&, HeldShard shard) {
  const std::lock_guard lock(mutex_);
  delivered[chip] = std::move(shard);
}

void SmallWorld::finished(ChipId, Task& task, sim::Time) {
  if (task.finish_one()) ++finished_commands;
}

void SmallWorld::mismatch(ChipId, const Command&, std::string what) {
  const std::lock_guard lock(mutex_);
  mismatches.push_back(std::move(what));
}

}  // namespace ttmesh::mesh
