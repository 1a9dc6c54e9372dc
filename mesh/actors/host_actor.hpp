#pragma once

#include <caf/all.hpp>
#include <memory>

#include "mesh/actors/host_state.hpp"
#include "mesh/actors/messages.hpp"

namespace ttmesh::mesh {

/// One host: turns each command into a task and fans it out to the chips that run it.
class HostActor : public caf::event_based_actor {
 public:
  HostActor(caf::actor_config& config, HostState& host);

  caf::behavior make_behavior() override;

 private:
  void fan_out(const CommandPtr& command);
  void report(std::uint64_t command, ErrorCode code, const char* what);

  HostState& host_;
  std::shared_ptr<const Directory> directory_;
};

}  // namespace ttmesh::mesh
