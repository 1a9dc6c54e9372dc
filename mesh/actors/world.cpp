#include "mesh/actors/world.hpp"

#include <fmt/format.h>

#include <caf/all.hpp>
#include <thread>
#include <utility>

#include "mesh/actors/chip_actor.hpp"
#include "mesh/actors/controller_actor.hpp"
#include "mesh/actors/host_actor.hpp"
#include "mesh/actors/host_state.hpp"
#include "mesh/actors/job_queue.hpp"

namespace ttmesh::mesh {
namespace {

/// Most waiting chips that an error message lists.
constexpr std::size_t kListedChips = 8;

/// One queue of jobs for all workers rather than CAF's default work stealing: after an idle spell a
/// worker's own sends wake nobody under stealing, and a fan-out loses milliseconds.
struct Configuration : caf::actor_system_config {
  explicit Configuration(int threads) {
    const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
    load<caf::scheduler::coordinator<JobQueue>>();
    set("scheduler.max-threads",
        static_cast<std::size_t>(threads > 0 ? static_cast<unsigned>(threads) : processors));
  }
};

}  // namespace

struct World::Actors {
  Actors(const Machine& machine, const OpTable& ops, const WorldOptions& options)
      : state{.machine = machine,
              .ops = ops,
              .timing_only = options.timing_only,
              .activity = {},
              .finished = {}},
        configuration(options.threads),
        system(configuration) {
    auto filled = std::make_shared<Directory>();
    filled->controller = system.spawn<ControllerActor>(state, mailbox);
    for (ChipId chip = 0; chip < machine.topology.chip_count(); ++chip) {
      filled->chips.push_back(system.spawn<ChipActor>(chip, state));
    }
    host = system.spawn<HostActor>(state);
    directory = std::move(filled);
    post(host, StartMessage{directory});
    for (const caf::actor& chip : directory->chips) post(chip, StartMessage{directory});
  }

  ~Actors() {
    state.activity.wait_until_idle();
    post(host, StopMessage{});
    for (const caf::actor& chip : directory->chips) post(chip, StopMessage{});
    post(directory->controller, StopMessage{});
    state.activity.wait_until_idle();
    directory.reset();
    host = nullptr;
  }

  template <typename Message>
  void post(const caf::actor& to, Message message) {
    state.activity.begin();
    caf::anon_send(to, std::move(message));
  }

  HostState state;
  Mailbox mailbox;
  Configuration configuration;
  caf::actor_system system;
  std::shared_ptr<const Directory> directory;
  caf::actor host;
};

World::World(const Machine& machine, const OpTable& ops, WorldOptions options)
    : actors_(std::make_unique<Actors>(machine, ops, options)) {}

World::~World() = default;

void World::submit(CommandPtr command) {
  HostState& state = actors_->state;
  const auto unfinished = [&] { return submitted_ - state.finished.load(); };
  if (unfinished() >= kCommandWindow) {
    state.activity.wait_until_idle_or([&] { return unfinished() < kCommandWindow; });
    if (unfinished() >= kCommandWindow) throw_if_stuck();
  }
  ++submitted_;
  actors_->post(actors_->host, CommandMessage{std::move(command)});
}

sim::Time World::wait() {
  actors_->state.activity.wait_until_idle();
  throw_if_stuck();
  return sim::Time::picoseconds(actors_->state.end.load());
}

std::map<ChipId, HeldShard> World::take_delivery(std::uint64_t read) {
  wait();
  return actors_->mailbox.take_delivery(read);
}

void World::start_recording(bool trace) {
  wait();
  for (const caf::actor& chip : actors_->directory->chips) {
    actors_->post(chip, RecordMessage{trace});
  }
  actors_->state.activity.wait_until_idle();
}

std::vector<ChipReport> World::reports() {
  wait();
  return collect();
}

std::vector<ChipReport> World::collect() {
  for (const caf::actor& chip : actors_->directory->chips) actors_->post(chip, ReportRequest{});
  actors_->state.activity.wait_until_idle();
  return actors_->mailbox.take_reports();
}

void World::throw_if_stuck() {
  if (const auto fault = actors_->mailbox.fault()) throw Error(fault->code, fault->what);
  const std::uint64_t finished = actors_->state.finished.load();
  if (finished == submitted_) return;

  std::size_t waiting = 0;
  std::string list;
  for (const ChipReport& report : collect()) {
    if (report.waiting_for.empty()) continue;
    if (++waiting <= kListedChips) list += "\n  " + report.waiting_for;
  }
  if (waiting > kListedChips) list += fmt::format("\n  and {} more", waiting - kListedChips);
  throw Error(ErrorCode::Starvation,
              fmt::format("nothing can run and {} of {} commands are unfinished; {} chips wait:{}",
                          submitted_ - finished, submitted_, waiting, list));
}

}  // namespace ttmesh::mesh
