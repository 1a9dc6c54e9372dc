#include "mesh/actors/host_actor.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace ttmesh::mesh {

namespace {

/// What a chip handles of a command at least: steps without values take their time as well.
constexpr std::int64_t kLeastBytes = 16 << 10;

/// The larger of what goes into a command on a chip and what comes out of it.
std::int64_t bytes_of(const Command& command) {
  const auto sum = [](const std::vector<TensorSpec>& specs) {
    std::int64_t bytes = 0;
    for (const TensorSpec& spec : specs) bytes += chip_bytes(spec);
    return bytes;
  };
  return std::max({kLeastBytes, sum(command.input_specs), sum(command.output_specs)});
}

}  // namespace

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
  host_.pending.add(command, bytes_of(*command) * static_cast<std::int64_t>(task->chips().size()));
  if (task->chips().empty()) host_.finish(command->number);
  for (const ChipId chip : task->chips()) {
    host_.activity.begin();
    send(directory_->chips[static_cast<std::size_t>(chip)], TaskMessage{task});
  }
}

}  // namespace ttmesh::mesh
