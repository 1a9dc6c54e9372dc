#include "mesh/program/chip.hpp"

#include <fmt/format.h>

namespace ttmesh::mesh {

Chip::Chip(ChipId id, const Machine& machine, ChipHost& host, bool timing_only)
    : chip_{.id = id,
            .machine = machine,
            .workers = machine.workers_of(id),
            .host = host,
            .timing_only = timing_only,
            .ports = Ports(id, machine),
            .inbox = {},
            .shards = {},
            .queue = {},
            .recorder = {}} {}

void Chip::accept(std::span<Chunk> chunks) {
  for (Chunk& chunk : chunks) {
    if (chunk.command > passed_) chip_.inbox.put(std::move(chunk));
  }
}

void Chip::start_recording(bool trace) {
  chip_.recorder = {};
  chip_.recorder.trace = trace;
  chip_.ports.reset_use();
}

void Chip::run() {
  while (!commands_.empty() && !chip_.host.gives_up()) {
    if (std::holds_alternative<std::monostate>(front_)) begin(*commands_.front());
    if (!advance()) return;
    pass(*commands_.front());
  }
}

void Chip::begin(Task& task) {
  for (const TensorId id : task.command().drops) chip_.shards.erase(id);
  if (task.definition().schedule) {
    front_.emplace<CollectiveRun>(chip_, task);
  } else {
    front_.emplace<ComputeRun>(chip_, task);
  }
}

bool Chip::advance() {
  if (auto* compute = std::get_if<ComputeRun>(&front_)) return compute->advance();
  return std::get<CollectiveRun>(front_).advance();
}

void Chip::pass(Task& task) {
  const std::uint64_t number = task.command().number;
  if (const std::size_t left = chip_.inbox.discard(number); left > 0) {
    chip_.host.mismatch(chip_.id, task.command(),
                        fmt::format("{} chunks of {} arrived at chip {} that its steps do not take",
                                    left, to_string(task.command()), chip_.id));
  }
  front_.emplace<std::monostate>();
  passed_ = number;
  const TaskPtr done = std::move(commands_.front());
  commands_.pop_front();
  chip_.host.finished(chip_.id, *done, chip_.queue.free());
}

std::uint64_t Chip::current() const {
  return commands_.empty() ? passed_ + 1 : commands_.front()->command().number;
}

ChipReport Chip::report() const {
  ChipReport report{.chip = chip_.id,
                    .queue_end = chip_.queue.free(),
                    .ops = chip_.recorder.ops,
                    .links = chip_.ports.use(),
                    .slices = chip_.recorder.slices,
                    .arrows = chip_.recorder.arrows,
                    .waiting_for = {}};
  if (commands_.empty()) return report;
  const Command& front = commands_.front()->command();
  std::string lack = "its turn";
  if (const auto* compute = std::get_if<ComputeRun>(&front_)) lack = compute->waiting_for();
  if (const auto* collective = std::get_if<CollectiveRun>(&front_)) {
    lack = collective->waiting_for();
  }
  report.waiting_for =
      fmt::format("chip {} waits in #{} {}{} for {}", chip_.id, front.number, front.op,
                  front.issuer.empty() ? "" : " (" + front.issuer + ")", lack);
  return report;
}

}  // namespace ttmesh::mesh
