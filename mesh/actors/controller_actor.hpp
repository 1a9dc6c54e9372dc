#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "mesh/actors/host_state.hpp"
#include "mesh/actors/messages.hpp"

namespace ttmesh::mesh {

/// What chips have told the controller. The controller's thread takes it once nothing runs.
class Mailbox {
 public:
  void deliver(DeliverMessage message);
  void report(ChipReport report);
  void fault(Failure failure);

  /// Shards delivered for a read, by chip.
  std::map<ChipId, HeldShard> take_delivery(std::uint64_t read);
  /// Reports, by chip.
  std::vector<ChipReport> take_reports();
  /// The fault of the lowest-numbered command, if there was one.
  std::optional<Failure> fault() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::map<ChipId, HeldShard>> deliveries_;
  std::map<ChipId, ChipReport> reports_;
  std::optional<Failure> fault_;
};

/// The controller's end of the conversation with the chips.
class ControllerActor : public caf::event_based_actor {
 public:
  ControllerActor(caf::actor_config& config, HostState& host, Mailbox& mailbox);

  caf::behavior make_behavior() override;

 private:
  HostState& host_;
  Mailbox& mailbox_;
};

}  // namespace ttmesh::mesh
