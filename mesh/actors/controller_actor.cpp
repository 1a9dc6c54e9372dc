#include "mesh/actors/controller_actor.hpp"

#include <utility>

namespace ttmesh::mesh {

void Mailbox::deliver(DeliverMessage message) {
  const std::lock_guard lock(mutex_);
  deliveries_[message.read].insert_or_assign(message.chip, std::move(message.shard));
}

void Mailbox::report(ChipReport report) {
  const std::lock_guard lock(mutex_);
  const ChipId chip = report.chip;
  reports_.insert_or_assign(chip, std::move(report));
}

void Mailbox::fault(Failure failure) {
  const std::lock_guard lock(mutex_);
  if (!fault_ || failure.command < fault_->command) fault_ = std::move(failure);
}

std::map<ChipId, HeldShard> Mailbox::take_delivery(std::uint64_t read) {
  const std::lock_guard lock(mutex_);
  const auto delivery = deliveries_.extract(read);
  return delivery ? std::move(delivery.mapped()) : std::map<ChipId, HeldShard>();
}

std::vector<ChipReport> Mailbox::take_reports() {
  const std::lock_guard lock(mutex_);
  std::vector<ChipReport> reports;
  for (auto& [chip, report] : reports_) reports.push_back(std::move(report));
  reports_.clear();
  return reports;
}

std::optional<Failure> Mailbox::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

ControllerActor::ControllerActor(caf::actor_config& config, HostState& host, Mailbox& mailbox)
    : caf::event_based_actor(config), host_(host), mailbox_(mailbox) {}

caf::behavior ControllerActor::make_behavior() {
  return {
      [this](DeliverMessage& message) {
        const HandledMessage handled(host_.activity);
        mailbox_.deliver(std::move(message));
      },
      [this](ReportMessage& message) {
        const HandledMessage handled(host_.activity);
        mailbox_.report(std::move(message.report));
      },
      [this](FaultMessage& message) {
        const HandledMessage handled(host_.activity);
        mailbox_.fault(std::move(message.failure));
      },
      [this](StopMessage) {
        const HandledMessage handled(host_.activity);
        quit();
      },
  };
}

}  // namespace ttmesh::mesh
