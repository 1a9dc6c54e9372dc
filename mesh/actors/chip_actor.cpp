#include "mesh/actors/chip_actor.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace ttmesh::mesh {

ChipActor::ChipActor(caf::actor_config& config, ChipId id, HostState& host)
    : caf::event_based_actor(config),
      host_(host),
      chip_(id, host.machine, *this, host.timing_only) {}

caf::behavior ChipActor::make_behavior() {
  return {
      [this](ChunksMessage& message) {
        handle([&] { chip_.accept(message.chunks); });
        keep_blank(std::move(message.chunks));
      },
      [this](StartMessage& message) { handle([&] { directory_ = std::move(message.directory); }); },
      [this](TaskMessage& message) { handle([&] { chip_.accept(std::move(message.task)); }); },
      [this](WakeMessage) { handle([] {}); },
      [this](RecordMessage message) { handle([&] { chip_.start_recording(message.trace); }); },
      [this](ReportRequest) {
        handle([&] { post(directory_->controller, ReportMessage{chip_.report()}); });
      },
      [this](StopMessage) {
        handle([&] {
          directory_.reset();
          quit();
        });
      },
  };
}

template <typename Message>
void ChipActor::post(const caf::actor& to, Message message) {
  host_.activity.begin();
  caf::event_based_actor::send(to, std::move(message));
}

template <typename Handler>
void ChipActor::handle(const Handler& handler) {
  ++handled_;
  const bool last = mailbox().empty();
  try {
    handler();
    if (last) chip_.run();
  } catch (const std::exception& error) {
    post(directory_->controller,
         FaultMessage{{chip_.current(), ErrorCode::ChipFailed, error.what()}});
  }
  if (last) send_outbox();
}

void ChipActor::send(Chunk chunk) {
  const auto letter = std::find_if(outbox_.begin(), outbox_.end(), [&](const auto& chunks) {
    return chunks.front().to == chunk.to;
  });
  if (letter != outbox_.end()) {
    letter->push_back(std::move(chunk));
  } else {
    outbox_.push_back(take_blank());
    outbox_.back().push_back(std::move(chunk));
  }
}

void ChipActor::send_outbox() {
  // Messages that were handled still count: as letters now.
  host_.activity.change(static_cast<std::int64_t>(outbox_.size()) - std::exchange(handled_, 0));
  for (std::vector<Chunk>& chunks : outbox_) {
    const auto to = static_cast<std::size_t>(chunks.front().to);
    caf::event_based_actor::send(directory_->chips[to], ChunksMessage{std::move(chunks)});
  }
  outbox_.clear();
}

std::vector<Chunk> ChipActor::take_blank() {
  if (blanks_.empty()) return {};
  std::vector<Chunk> blank = std::move(blanks_.back());
  blanks_.pop_back();
  return blank;
}

void ChipActor::keep_blank(std::vector<Chunk> letter) {
  constexpr std::size_t kMostBlanks = 4;  // As many as neighbours, mostly.
  if (blanks_.size() == kMostBlanks) return;
  letter.clear();
  blanks_.push_back(std::move(letter));
}

void ChipActor::wake(ChipId chip) {
  post(directory_->chips[static_cast<std::size_t>(chip)], WakeMessage{});
}

void ChipActor::deliver(ChipId chip, const Command& read, HeldShard shard) {
  post(directory_->controller, DeliverMessage{read.number, chip, std::move(shard)});
}

void ChipActor::finished(ChipId, Task& task, sim::Time end) {
  host_.extend(end);
  if (task.finish_one()) host_.finish(task.command().number);
}

void ChipActor::mismatch(ChipId, const Command& command, std::string what) {
  post(directory_->controller,
       FaultMessage{{command.number, ErrorCode::Mismatch, std::move(what)}});
}

}  // namespace ttmesh::mesh
