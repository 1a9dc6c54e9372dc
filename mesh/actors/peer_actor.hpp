#pragma once

#include <caf/all.hpp>

#include "mesh/actors/host_state.hpp"
#include "mesh/actors/messages.hpp"
#include "mesh/actors/peers.hpp"

namespace ttmesh::mesh {

/// Stands for the chips, and on rank 0 for the controller, of another host: what is sent to it
/// travels there.
class PeerActor : public caf::event_based_actor {
 public:
  PeerActor(caf::actor_config& config, int rank, HostState& host, Peers& peers);

  caf::behavior make_behavior() override;

 private:
  int rank_;
  HostState& host_;
  Peers& peers_;
};

}  // namespace ttmesh::mesh
