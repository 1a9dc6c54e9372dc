#include "mesh/actors/host_actor.hpp"

#include <exception>
#include <utility>

namespace ttmesh::mesh {

HostActor::HostActor(caf::actor_config& config, HostState& host)
    : caf::event_based_actor(config), host_(host) {}

caf::behavior HostActor::make_behavior() {
  return {
      [this](StartMessage& message) {
        const HandledMessage handled(host_.activity);
        directory_ = std::move(message.directory);
      },
      [this](CommandMessage& message) {
        const HandledMessage handled(host_.activity);
        try {
          fan_out(message.command);
        } catch (const Error& error) {
          report(message.command->number, error.code(), error.what());
        } catch (const std::exception& error) {
          report(message.command->number, ErrorCode::ChipFailed, error.what());
        }
      },
      [this](StopMessage) {
        const HandledMessage handled(host_.activity);
        directory_.reset();
        quit();
      },
  };
}

void HostActor::report(std::uint64_t command, ErrorCode code, const char* what) {
  host_.activity.begin();
  send(directory_->controller, FaultMessage{{command, code, what}});
}

void HostActor::fan_out(const CommandPtr& command) {
  const auto task = std::make_shared<Task>(command, host_.ops, host_.machine,
                                           [this](ChipId chip) { return host_.owns(chip); });
  host_.pending.add(command);
  if (task->chips().empty()) host_.finish(command->number);
  for (const ChipId chip : task->chips()) {
    host_.activity.begin();
    send(directory_->chips[static_cast<std::size_t>(chip)], TaskMessage{task});
  }
}

}  // namespace ttmesh::mesh
