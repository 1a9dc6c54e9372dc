#include "mesh/program/collective_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "mesh/tensor/sum.hpp"

namespace ttmesh::mesh {
namespace {

/// Spec of one slice: what a chip contributes to, or owns of, the whole.
TensorSpec slice_spec(const TensorSpec& input, const SlotPlan& slots) {
  TensorSpec slice = input;
  const int slices = slots.whole ? 1 : std::max(slots.input_slices, 1);
  slice.shape = input.shape.with(slots.dim, input.shape[slots.dim] / slices);
  return slice;
}

}  // namespace

CollectiveRun::CollectiveRun(ChipContext& chip, Task& task)
    : chip_(chip), task_(task), plan_(task.plan(chip.id)) {
  const Command& command = task.command();
  if (!command.inputs.empty()) {
    const TensorSpec& input = command.input_specs.front();
    const TensorSpec slice = slice_spec(input, plan_.slots);
    page_bytes_ = page_bytes(slice);
    slice_pages_ = page_count(slice);
    dtype_ = input.dtype;
  }
  const sim::Time ready = inputs_ready(chip, command);
  start_ = plan_.relay ? ready : std::max(chip.queue.free(), ready);
  begin_ = plan_.relay ? start_ : start_ + sim::setup_time(chip.workers);
  end_ = begin_;
  for (LaneState& each : lanes_) {
    each.worker = sim::Timeline(begin_);
    each.gate = begin_;
  }
  slots_.resize(static_cast<std::size_t>(plan_.slots.slots));
  if (!chip.timing_only) pieces_.resize(slots_.size());
  if (plan_.payload_bytes) bytes_ = plan_.payload_bytes(inputs());
  // A relay learns the size of what it passes on when it gets it.
  if (plan_.payload_bytes || plan_.relay) bytes_.resize(slots_.size());
  if (plan_.slots.input_slices > 0) fill_input();
  step_ = plan_.steps.next();
}

void CollectiveRun::fill_input() {
  const Command& command = task_.command();
  const HeldShard& held = chip_.shards.at(command.inputs.front());
  const SlotPlan& slots = plan_.slots;
  BlockPtr block;
  if (held.shard.has_values() && !held.failure) block = flatten(held.shard);
  for (int slice = 0; slice < slots.input_slices; ++slice) {
    for (int part = 0; part < slots.parts; ++part) {
      const std::int32_t index = slots.input_first + slice * slots.parts + part;
      slot(index) = {.head = begin_, .ready = begin_, .own = true};
      set_failure(index, held.failure);
      if (!block) continue;
      const Region whole = slots.whole
                               ? slice_region(block->shape(), 0, 0, 1)
                               : slice_region(block->shape(), slots.dim, slice, slots.input_slices);
      piece(index) = {
          .block = block, .region = part_of(whole, part, slots.parts), .bytes = slot_bytes(index)};
    }
  }
}

std::vector<Shard> CollectiveRun::inputs() const {
  std::vector<Shard> shards;
  for (const TensorId id : task_.command().inputs) {
    const HeldShard& held = chip_.shards.at(id);
    const bool has_values = held.shard.has_values() && !held.failure;
    shards.push_back(has_values ? Shard(flatten(held.shard)) : Shard(held.shard.shape()));
  }
  return shards;
}

std::int64_t CollectiveRun::slot_bytes(std::int32_t index) const {
  if (!bytes_.empty()) return bytes_[static_cast<std::size_t>(index)];
  const std::int64_t parts = plan_.slots.parts;
  const std::int64_t pages = slice_pages_ / parts + (index % parts < slice_pages_ % parts ? 1 : 0);
  return pages * page_bytes_;
}

FailurePtr CollectiveRun::failure_of(std::int32_t index) const {
  return slots_[static_cast<std::size_t>(index)].failed ? failures_.at(index) : nullptr;
}

void CollectiveRun::set_failure(std::int32_t index, FailurePtr failure) {
  slot(index).failed = failure != nullptr;
  if (failure) failures_[index] = std::move(failure);
}

bool CollectiveRun::advance() {
  for (; step_; step_ = plan_.steps.next(), ++step_index_) {
    if (!take(*step_)) return false;
  }
  finish();
  return true;
}

std::string CollectiveRun::waiting_for() const {
  return fmt::format("step {}: {}", step_index_, to_string(*step_));
}

bool CollectiveRun::take(const Step& step) {
  switch (step.kind) {
    case Step::Kind::Signal:
      signal(step);
      return true;
    case Step::Kind::Await:
      return await(step);
    case Step::Kind::Join:
      join_gates(step);
      return true;
    case Step::Kind::Send:
      send(step);
      return true;
    case Step::Kind::Receive:
      return receive(step);
    case Step::Kind::Reduce:
      reduce(step);
      return true;
    case Step::Kind::Copy:
      copy(step);
      return true;
  }
  return true;
}

void CollectiveRun::signal(const Step& step) {
  const sim::Time sent = lane(step.lane).gate;
  const sim::Time arrival = chip_.ports.signal(step.peer, sent, transfer_id());
  chip_.host.send({.command = task_.command().number,
                   .from = chip_.id,
                   .to = step.peer,
                   .lane = step.lane,
                   .signal = true,
                   .round = step.round,
                   .head = arrival,
                   .tail = arrival,
                   .piece = {},
                   .failure = {}});
}

bool CollectiveRun::await(const Step& step) {
  const std::optional<Chunk> chunk =
      chip_.inbox.take({task_.command().number, step.peer, step.lane, true, step.round});
  if (!chunk) return false;
  lane(step.lane).gate = std::max(lane(step.lane).gate, chunk->tail);
  extend(chunk->tail);
  return true;
}

void CollectiveRun::join_gates(const Step& step) {
  lane(step.lane).gate = std::max(lane(step.lane).gate, lane(step.other).gate);
}

void CollectiveRun::send(const Step& step) {
  const Slot& sent = slot(step.slot);
  const std::int64_t bytes = slot_bytes(step.slot);
  LaneState& state = lane(step.lane);
  const bool router = step.engine == sim::Engine::Router || step.engine == sim::Engine::Direct;
  const bool passed_on = router && !sent.own;
  const sim::Time available = passed_on ? sent.head : std::max(sent.ready, state.worker.free());
  // A pipeline of workers starts up once: one whose input comes from further on is past its start.
  const std::int64_t before =
      passed_on ? state.sent_bytes : std::max(state.sent_bytes, sent.streamed);
  // Whoever sent it first knew that the chips that it is for have started.
  const bool gated = !(passed_on && step.engine == sim::Engine::Router);
  const Passage& passage =
      chip_.ports.transmit({.peer = step.peer,
                            .links = plan_.num_links,
                            .bytes = bytes,
                            .page_bytes = page_bytes_,
                            .packet_bytes = plan_.packet_bytes,
                            .engine = step.engine,
                            .ring = plan_.ring,
                            .sent_before = before / plan_.num_links,
                            .earliest = gated ? std::max(state.gate, available) : available,
                            .not_done_before = router ? sent.ready : sim::Time(),
                            .id = transfer_id()});
  state.sent_bytes += bytes;
  if (!passed_on) state.worker.hold_until(passage.sent);
  extend(passage.sent);
  chip_.recorder.passage(task_.command(), step_index_, passage, Machine::queue_track(step.peer));
  // What a reduction worker has sent is added to at once: nobody else may refer to it.
  const bool gives_away = step.engine == sim::Engine::Reduction;
  Piece payload{.block = nullptr, .region = {}, .bytes = bytes};
  if (!pieces_.empty()) {
    payload = gives_away ? std::move(piece(step.slot)) : piece(step.slot);
  }
  chip_.host.send({.command = task_.command().number,
                   .from = chip_.id,
                   .to = step.peer,
                   .lane = step.lane,
                   .signal = false,
                   .round = step.round,
                   .head = passage.head,
                   .tail = passage.tail,
                   .streamed = before + bytes,
                   .piece = std::move(payload),
                   .failure = failure_of(step.slot)});
}

bool CollectiveRun::receive(const Step& step) {
  std::optional<Chunk> chunk =
      chip_.inbox.take({task_.command().number, step.peer, step.lane, false, step.round});
  if (!chunk) return false;
  // A relay has the chunk when its worker has handled it; a reduction pays its step when it adds.
  const bool relay = step.engine == sim::Engine::Relay;
  const sim::Time ready =
      relay ? chunk->tail + sim::step_time(chip_.workers, step.engine) : chunk->tail;
  slot(step.slot) = {.head = relay ? ready : chunk->head,
                     .ready = ready,
                     .streamed = chunk->streamed,
                     .own = false};
  set_failure(step.slot, std::move(chunk->failure));
  if (!bytes_.empty()) bytes_[static_cast<std::size_t>(step.slot)] = chunk->piece.bytes;
  if (!pieces_.empty()) piece(step.slot) = std::move(chunk->piece);
  extend(ready);
  return true;
}

void CollectiveRun::reduce(const Step& step) {
  Slot& into = slot(step.slot);
  const Slot& with = slot(step.source);
  if (with.failed) set_failure(step.slot, earlier(failure_of(step.slot), failure_of(step.source)));
  if (!into.failed && !pieces_.empty()) {
    piece(step.slot) = sum(std::move(piece(step.slot)), std::move(piece(step.source)), dtype_);
  }
  into.ready = std::max(into.ready, with.ready) + sim::step_time(chip_.workers, step.engine);
  into.head = into.ready;
  into.streamed = std::max(into.streamed, with.streamed);
  extend(into.ready);
}

void CollectiveRun::copy(const Step& step) {
  Slot& into = slot(step.slot);
  const Slot& from = slot(step.source);
  const sim::CollectiveModel& model = chip_.workers;
  const std::int64_t share = (slot_bytes(step.source) + plan_.num_links - 1) / plan_.num_links;
  // A chip without links is alone with its shard, which stays where it is.
  const sim::Time duration =
      chip_.ports.has_links()
          ? sim::copy_time(model, chip_.ports.first_link(), share, plan_.packet_bytes)
          : sim::Time();
  const bool in_turn = model.serial_copy || step.engine == sim::Engine::Relay;
  const sim::Time start = in_turn ? lane(step.lane).worker.claim(from.ready, duration) : from.ready;
  if (step.slot != step.source) {
    into = from;
    set_failure(step.slot, failure_of(step.source));
    if (!pieces_.empty()) piece(step.slot) = piece(step.source);
  }
  into.ready = start + duration;
  into.head = into.ready;
  extend(into.ready);
}

void CollectiveRun::finish() {
  const Command& command = task_.command();
  if (!plan_.relay) {
    chip_.queue.hold_until(end_);
    chip_.recorder.op(Machine::queue_track(chip_.id), command, start_, end_);
  }
  const bool holds_output =
      position_in(chip_.machine.topology, command.output_view, chip_.id).has_value();
  if (holds_output && !command.outputs.empty()) chip_.shards[command.outputs.front()] = output();
}

HeldShard CollectiveRun::output() const {
  const Command& command = task_.command();
  if (plan_.relay) return chip_.shards.at(command.inputs.front());
  HeldShard output{.shard = {}, .ready = end_, .failure = {}};
  const int first = plan_.slots.output_first;
  const int last = first + plan_.slots.output_slices * plan_.slots.parts;
  for (int index = first; index < last; ++index) {
    output.failure = earlier(output.failure, failure_of(index));
  }
  if (plan_.assemble) output.failure = earlier(output.failure, input_failure(chip_, command));
  const TensorSpec& spec = command.output_specs.front();
  output.shard = chip_.timing_only || output.failure ? Shard(spec.shape) : join_output(spec);
  return output;
}

Shard CollectiveRun::join_output(const TensorSpec& spec) const {
  const SlotPlan& slots = plan_.slots;
  if (plan_.assemble) {
    const auto first = static_cast<std::size_t>(slots.output_first);
    const int count = slots.output_slices * slots.parts;
    return plan_.assemble(std::span(pieces_).subspan(first, static_cast<std::size_t>(count)),
                          inputs());
  }
  const int dim = slots.join_dim < 0 ? slots.dim : slots.join_dim;
  const Shape slice = spec.shape.with(dim, spec.shape[dim] / slots.output_slices);
  std::vector<BlockPtr> blocks;
  blocks.reserve(static_cast<std::size_t>(slots.output_slices));
  std::vector<Piece> pieces;
  for (int index = 0; index < slots.output_slices; ++index) {
    const int first = slots.output_first + index * slots.parts;
    pieces.assign(pieces_.begin() + first, pieces_.begin() + first + slots.parts);
    blocks.push_back(join(pieces, slice));
  }
  return blocks.size() == 1 ? Shard(blocks.front()) : Shard(std::move(blocks), dim);
}

}  // namespace ttmesh::mesh
