#include "mesh/actors/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mesh/actors/host_actors.hpp"

namespace ttmesh::mesh {
namespace {

/// Most waiting chips that an error message lists.
constexpr std::size_t kListedChips = 8;

}  // namespace

void serve_host(const Machine& machine, const OpTable& ops, const WorldOptions& options) {
  HostActors actors(machine, ops, options);
  actors.join();
  actors.peers()->serve();
}

World::World(const Machine& machine, const OpTable& ops, WorldOptions options)
    : actors_(std::make_unique<HostActors>(machine, ops, options)) {
  actors_->join();
}

World::~World() = default;

void World::submit(CommandPtr command) {
  Peers* const peers = actors_->peers();
  const auto has_room = [this] { return unfinished() < kCommandWindow; };
  if (!has_room()) {
    if (peers == nullptr) {
      actors_->state().activity.wait_until_idle_or(has_room);
    } else {
      peers->settle_or(has_room);
    }
    if (!has_room()) throw_if_stuck();
  }
  if (peers != nullptr) {
    peers->await_room();
    if (peers->lost()) throw_if_stuck();
    peers->send_command(command);
  }
  ++submitted_;
  actors_->post_command(std::move(command));
}

void World::settle() {
  if (Peers* peers = actors_->peers()) {
    peers->settle();
  } else {
    actors_->state().activity.wait_until_idle();
  }
}

std::uint64_t World::finished() const {
  const std::uint64_t own = actors_->state().finished.load();
  return actors_->peers() == nullptr ? own : std::min(own, actors_->peers()->finished());
}

sim::Time World::wait() {
  settle();
  throw_if_stuck();
  const sim::Time own = sim::Time::picoseconds(actors_->state().end.load());
  return actors_->peers() == nullptr ? own : std::max(own, actors_->peers()->end());
}

std::map<ChipId, HeldShard> World::take_delivery(std::uint64_t read) {
  wait();
  return actors_->mailbox().take_delivery(read);
}

void World::start_recording(bool trace) {
  wait();
  if (Peers* peers = actors_->peers()) peers->send_to_all(wire::Record{trace});
  actors_->post_to_chips(RecordMessage{trace});
  settle();
}

std::vector<ChipReport> World::reports() {
  wait();
  return collect();
}

std::vector<ChipReport> World::collect() {
  if (Peers* peers = actors_->peers()) peers->send_to_all(wire::ReportQuestion{});
  actors_->post_to_chips(ReportRequest{});
  settle();
  return actors_->mailbox().take_reports();
}

void World::throw_if_stuck() {
  if (Peers* peers = actors_->peers()) {
    if (const auto lost = peers->lost()) {
      throw Error(lost->code, lost->what);
    }
  }
  if (const auto fault = actors_->mailbox().fault()) throw Error(fault->code, fault->what);
  const std::uint64_t done = finished();
  if (done == submitted_) return;

  std::size_t waiting = 0;
  std::string list;
  for (const ChipReport& report : collect()) {
    if (report.waiting_for.empty()) continue;
    if (++waiting <= kListedChips) list += "\n  " + report.waiting_for;
  }
  if (waiting > kListedChips) list += fmt::format("\n  and {} more", waiting - kListedChips);
  throw Error(ErrorCode::Starvation,
              fmt::format("nothing can run and {} of {} commands are unfinished; {} chips wait:{}",
                          submitted_ - done, submitted_, waiting, list));
}

}  // namespace ttmesh::mesh
