#include "mesh/actors/host_actors.hpp"

#include <algorithm>
#include <thread>
#include <type_traits>

#include "mesh/actors/chip_actor.hpp"
#include "mesh/actors/host_actor.hpp"
#include "mesh/actors/job_queue.hpp"
#include "mesh/actors/peer_actor.hpp"

namespace ttmesh::mesh {

/// JobQueue rather than CAF's default work stealing: after an idle spell a worker's own sends wake
/// nobody under stealing, and a fan-out loses milliseconds.
HostActors::Configuration::Configuration(int threads) {
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  load<caf::scheduler::coordinator<JobQueue>>();
  set("scheduler.max-threads",
      static_cast<std::size_t>(threads > 0 ? static_cast<unsigned>(threads) : processors));
}

HostActors::HostActors(const Machine& machine, const OpTable& ops, const WorldOptions& options)
    : state_{.machine = machine,
             .ops = ops,
             .timing_only = options.timing_only,
             .rank = options.hosting ? options.hosting->rank : 0,
             .alone = !options.hosting,
             .activity = {},
             .finished = {}},
      configuration_(options.threads),
      system_(configuration_) {
  if (options.hosting) {
    peers_ = std::make_unique<Peers>(*options.hosting, options.recipe, state_,
                                     [this](Message message, Receipt receipt) {
                                       deliver(std::move(message), std::move(receipt));
                                     });
    if (state_.rank > 0) {
      state_.told_of = [this](std::uint64_t passed) { peers_->tell_passed(passed); };
    }
    for (int rank = 0; rank < options.hosting->hosts; ++rank) {
      stand_ins_.push_back(system_.spawn<PeerActor>(rank, state_, *peers_));
    }
  }
  auto filled = std::make_shared<Directory>();
  filled->controller =
      state_.rank == 0 ? system_.spawn<ControllerActor>(state_, mailbox_) : stand_ins_.front();
  for (ChipId chip = 0; chip < machine.topology.chip_count(); ++chip) {
    filled->chips.push_back(
        state_.owns(chip) ? system_.spawn<ChipActor>(chip, state_)
                          : stand_ins_[static_cast<std::size_t>(machine.topology.host_of(chip))]);
  }
  host_ = system_.spawn<HostActor>(state_);
  directory_ = std::move(filled);
  post(host_, StartMessage{directory_});
  post_to_chips(StartMessage{directory_});
  share_jobs_of(&state_.pending);
}

HostActors::~HostActors() {
  share_jobs_of(nullptr);       // Workers end one by one, each with a job of its own.
  if (peers_) peers_->close();  // Chips may still send: the stand-ins live until all are idle.
  state_.activity.wait_until_idle();
  post(host_, StopMessage{});
  post_to_chips(StopMessage{});
  for (const caf::actor& each : stand_ins_) post(each, StopMessage{});
  if (state_.rank == 0) post(directory_->controller, StopMessage{});
  state_.activity.wait_until_idle();
  directory_.reset();
  host_ = nullptr;
  stand_ins_.clear();
}

void HostActors::share_jobs_of(const PendingCommands* pending) {
  using Scheduler = caf::scheduler::coordinator<JobQueue>;
  JobQueue::share_jobs_of(static_cast<Scheduler&>(system_.scheduler()), pending);
}

void HostActors::deliver(Message message, Receipt receipt) {
  const WireCredit credit = std::make_shared<const Receipt>(std::move(receipt));
  std::visit(
      [this, &credit](auto& each) {
        using Kind = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<Kind, Chunk>) {
          const auto to = static_cast<std::size_t>(each.to);
          std::vector<Chunk> chunks;
          chunks.push_back(std::move(each));
          post(directory_->chips.at(to), ChunksMessage{std::move(chunks), credit});
        } else if constexpr (std::is_same_v<Kind, CommandPtr>) {
          post(host_, CommandMessage{std::move(each), credit});
        } else if constexpr (std::is_same_v<Kind, wire::Delivery>) {
          post(directory_->controller,
               DeliverMessage{each.read, each.chip, std::move(each.shard), credit});
        } else if constexpr (std::is_same_v<Kind, ChipReport>) {
          post(directory_->controller, ReportMessage{std::move(each)});
        } else if constexpr (std::is_same_v<Kind, Failure>) {
          post(directory_->controller, FaultMessage{std::move(each)});
        } else if constexpr (std::is_same_v<Kind, wire::Record>) {
          post_to_chips(RecordMessage{each.trace});
        } else if constexpr (std::is_same_v<Kind, wire::ReportQuestion>) {
          post_to_chips(ReportRequest{});
        }
      },
      message);
}

}  // namespace ttmesh::mesh
