#include "mesh/actors/peer_actor.hpp"

#include <memory>
#include <utility>

namespace ttmesh::mesh {

PeerActor::PeerActor(caf::actor_config& config, int rank, HostState& host, Peers& peers)
    : caf::event_based_actor(config), rank_(rank), host_(host), peers_(peers) {}

caf::behavior PeerActor::make_behavior() {
  return {
      [this](ChunksMessage& message) {
        const HandledMessage handled(host_.activity);
        for (Chunk& chunk : message.chunks) peers_.send(rank_, std::move(chunk));
      },
      [this](DeliverMessage& message) {
        const HandledMessage handled(host_.activity);
        peers_.send(rank_, wire::Delivery{message.read, message.chip, std::move(message.shard)});
      },
      [this](ReportMessage& message) {
        const HandledMessage handled(host_.activity);
        peers_.send(rank_, std::move(message.report));
      },
      [this](FaultMessage& message) {
        const HandledMessage handled(host_.activity);
        peers_.send(rank_, std::move(message.failure));
      },
      [this](StopMessage) {
        const HandledMessage handled(host_.activity);
        quit();
      },
  };
}

}  // namespace ttmesh::mesh
