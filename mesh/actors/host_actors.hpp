#pragma once

#include <caf/all.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "mesh/actors/controller_actor.hpp"
#include "mesh/actors/host_state.hpp"
#include "mesh/actors/messages.hpp"
#include "mesh/actors/peers.hpp"
#include "mesh/actors/world.hpp"

namespace ttmesh::mesh {

/// The running actors of one host: its chips, and stand-ins for what is on other hosts.
class HostActors {
 public:
  HostActors(const Machine& machine, const OpTable& ops, const WorldOptions& options);
  /// Stops them.
  ~HostActors();
  HostActors(const HostActors&) = delete;
  HostActors& operator=(const HostActors&) = delete;

  /// Connects the hosts, if there are several.
  void join() {
    if (peers_) peers_->join();
  }

  /// Sends a message that counts as activity until it is handled.
  template <typename Message>
  void post(const caf::actor& to, Message message) {
    state_.activity.begin();
    caf::anon_send(to, std::move(message));
  }
  /// The same to every chip of this host.
  template <typename Message>
  void post_to_chips(const Message& message) {
    for (ChipId chip = 0; chip < static_cast<ChipId>(directory_->chips.size()); ++chip) {
      if (state_.owns(chip)) post(directory_->chips[static_cast<std::size_t>(chip)], message);
    }
  }
  void post_command(CommandPtr command) { post(host_, CommandMessage{std::move(command)}); }

  HostState& state() { return state_; }
  Mailbox& mailbox() { return mailbox_; }
  /// Null if this host is alone.
  Peers* peers() { return peers_.get(); }

 private:
  /// What workers share from here on: see JobQueue.
  void share_jobs_of(const PendingCommands* pending);

  struct Configuration : caf::actor_system_config {
    explicit Configuration(int threads);
  };

  /// Puts what another host has sent into the actors.
  void deliver(Message message, Receipt receipt);

  HostState state_;
  Mailbox mailbox_;
  Configuration configuration_;
  caf::actor_system system_;
  std::shared_ptr<const Directory> directory_;
  caf::actor host_;
  std::vector<caf::actor> stand_ins_;
  std::unique_ptr<Peers> peers_;
};

}  // namespace ttmesh::mesh
