#include "mesh/program/compute_run.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace ttmesh::mesh {
namespace {

/// Names what is made of the first input alone; inputs from 1 on name their flattening, 0 the op.
constexpr int kPrepared = -1;

std::vector<BlockId> block_ids(const std::vector<Shard>& shards) {
  std::vector<BlockId> ids;
  if (!shards.empty()) ids.reserve(shards.size() * shards.front().blocks().size());
  for (const Shard& shard : shards) {
    for (const BlockPtr& block : shard.blocks()) ids.push_back(block->id());
  }
  return ids;
}

Coordinate coordinate(const ChipContext& chip, const Command& command) {
  return *position_in(chip.machine.topology, command.view, chip.id);
}

FailurePtr failure_of(const ChipContext& chip, const Command& command,
                      const std::exception& error) {
  if (dynamic_cast<const InvalidFile*>(&error) != nullptr) {
    return std::make_shared<const Failure>(
        Failure{command.number, ErrorCode::BadFile,
                fmt::format("host {} fails in {}: {}", chip.machine.topology.host_of(chip.id),
                            title(command), error.what())});
  }
  return std::make_shared<const Failure>(
      Failure{command.number, ErrorCode::ChipFailed,
              fmt::format("chip {} failed in {}: {}", chip.id, to_string(command), error.what())});
}

}  // namespace

ComputeRun::ComputeRun(ChipContext& chip, Task& task) : chip_(chip), task_(task) {
  for (const TensorId id : task.command().inputs) inputs_.push_back(chip.shards.at(id).shard);
  result_.failure = input_failure(chip, task.command());
}

bool ComputeRun::advance() {
  const OpDefinition& definition = task_.definition();
  const bool has_values = (definition.run || definition.update) && !chip_.timing_only;
  if (has_values && !result_.failure) {
    if (!definition.takes_blocks && !flatten_inputs()) return false;
    if (!result_.failure && definition.prepare && !prepare()) return false;
    if (!result_.failure && definition.update) {
      update();
    } else if (!result_.failure && !run_op()) {
      return false;
    }
  }
  finish();
  return true;
}

std::string ComputeRun::waiting_for() const {
  return "a result that another chip of the host computes";
}

template <typename Work>
std::optional<Result> ComputeRun::shared(const ResultKey& key, const Work& work) {
  ResultTable::Claim claim = task_.results().claim(key, chip_.id);
  if (!claim.mine) return std::move(claim.result);
  Result result;
  try {
    result.shards = work();
  } catch (const std::exception& error) {
    result.failure = failure_of(chip_, task_.command(), error);
  }
  for (const ChipId waiting : task_.results().publish(key, result)) chip_.host.wake(waiting);
  return result;
}

bool ComputeRun::flatten_inputs() {
  for (; flattened_ < inputs_.size(); ++flattened_) {
    Shard& input = inputs_[flattened_];
    if (input.blocks().size() == 1) continue;
    const ResultKey key{.part = 1 + static_cast<int>(flattened_), .blocks = block_ids({input})};
    const std::optional<Result> flat =
        shared(key, [&] { return std::vector<Shard>{Shard(flatten(input))}; });
    if (!flat) return false;
    result_.failure = flat->failure;
    if (flat->failure) return true;
    input = flat->shards.front();
  }
  return true;
}

bool ComputeRun::prepare() {
  if (prepared_) return true;
  const ResultKey key{.part = kPrepared, .blocks = block_ids({inputs_.front()})};
  std::optional<Result> prepared =
      shared(key, [&] { return task_.definition().prepare(task_.call(), inputs_.front()); });
  if (!prepared) return false;
  result_.failure = prepared->failure;
  prepared_ = std::move(prepared->shards);
  return true;
}

bool ComputeRun::run_op() {
  const Command& command = task_.command();
  const Coordinate at = coordinate(chip_, command);
  const OpCall call = task_.call();
  const auto& position_key = task_.definition().position_key;
  const ResultKey key{.part = 0,
                      .position = position_key ? position_key(call, at) : 0,
                      .blocks = block_ids(inputs_)};
  const std::span<const Shard> prepared = prepared_ ? *prepared_ : std::span<const Shard>();
  std::optional<Result> result = shared(key, [&] {
    return task_.definition().run({call, inputs_, at, command.payload.get(), prepared});
  });
  if (!result) return false;
  result_ = *std::move(result);
  return true;
}

void ComputeRun::update() {
  const Command& command = task_.command();
  Shard& held = chip_.shards.at(command.inputs.front()).shard;
  Shard own = std::exchange(inputs_.front(), Shard(held.shape()));
  held = Shard(own.shape());
  const OpCall call = task_.call();
  const OpRun run{call, inputs_, coordinate(chip_, command), command.payload.get()};
  try {
    held = task_.definition().update(std::move(own), run);
  } catch (const std::exception& error) {
    result_.failure = failure_of(chip_, command, error);
  }
}

void ComputeRun::finish() {
  const Command& command = task_.command();
  const sim::Ratio slowdown = chip_.machine.slowdown[static_cast<std::size_t>(chip_.id)];
  const sim::Time duration = sim::scale(task_.duration(), slowdown);
  const sim::Time start = chip_.queue.claim(inputs_ready(chip_, command), duration);
  if (duration > sim::Time()) {
    chip_.recorder.op(Machine::queue_track(chip_.id), command, start, chip_.queue.free());
  }
  if (task_.definition().delivers) {
    const HeldShard& input = chip_.shards.at(command.inputs.front());
    chip_.host.deliver(chip_.id, command, {input.shard, chip_.queue.free(), input.failure});
  }
  if (task_.definition().update) {
    HeldShard& changed = chip_.shards.at(command.inputs.front());
    changed.ready = chip_.queue.free();
    changed.failure = result_.failure;
  }
  for (std::size_t i = 0; i < command.outputs.size(); ++i) {
    HeldShard& output = chip_.shards[command.outputs[i]];
    output.ready = chip_.queue.free();
    output.failure = result_.failure;
    output.shard =
        i < result_.shards.size() ? result_.shards[i] : Shard(command.output_specs[i].shape);
  }
}

}  // namespace ttmesh::mesh
