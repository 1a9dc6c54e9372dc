#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mesh/actors/host_state.hpp"
#include "mesh/actors/hosting.hpp"
#include "mesh/program/failure.hpp"
#include "mesh/topology/topology.hpp"
#include "mesh/transport/assignment.hpp"
#include "mesh/transport/message.hpp"
#include "mesh/transport/transport.hpp"
#include "sim/time.hpp"

namespace ttmesh::mesh {

/// The other hosts of a mesh, as one host sees them.
///
/// Nothing runs anywhere when every host is idle and as many messages were handled as were sent,
/// and both were so a wave of questions before. A host answers once it is idle.
class Peers {
 public:
  /// Puts a message of another host into this one's actors. The receipt goes once the message has
  /// been handled; until then it counts against what the other host may send.
  using Deliver = std::function<void(Message message, Receipt receipt)>;

  /// All hosts must have the same recipe of a machine. `state` outlives this.
  Peers(const Hosting& hosting, const MachineRecipe& recipe, HostState& state, Deliver deliver);
  ~Peers();
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  /// Says goodbye to the others; nothing comes from them afterwards.
  void close();

  /// Connects all hosts. Throws mesh::Error (HostLost) naming those that do not come in time.
  void join();
  /// Sends a message that is work for the other host. One that cannot be sent loses the host; after
  /// `close` nothing is sent. Never throws.
  void send(int rank, const Message& message);
  void send_to_all(const Message& message);
  /// A command to all, each with the values of its own chips.
  void send_command(const CommandPtr& command);

  /// Rank 0: waits until nothing runs on any host, or one is lost.
  void settle() {
    settle_or([] { return false; });
  }
  /// The same, or until `condition` holds, which is looked at when hosts tell how far they are.
  void settle_or(const std::function<bool()>& condition);
  /// Waits until this host has little left to be written to the others: how a slow host slows it
  /// down. Ends if one is lost.
  void await_room();
  /// Rank 0: the fewest commands that another host has passed as far as is known; after `settle`
  /// exactly, and when the last queue of another host is free.
  std::uint64_t finished() const;
  sim::Time end() const;
  /// The host that was lost, if one was.
  std::optional<Failure> lost() const;

  /// Other ranks: tells rank 0 how many commands this host has passed.
  void tell_passed(std::uint64_t commands);
  /// Other ranks: answers rank 0 until it says stop. Throws mesh::Error (HostLost) if it is lost.
  void serve();

 private:
  struct Count {
    wire::ActivityCount count;
    bool fresh = false;
  };

  void note(const std::string& text) const;
  void receive(int rank, Message message, Receipt receipt);
  void lose(int rank, const std::string& why);
  wire::ActivityCount own_count(std::uint64_t wave) const;
  /// One wave: the counts of all hosts, this one first. Empty if a host is lost, or the
  /// condition holds first.
  std::vector<wire::ActivityCount> ask_all(std::uint64_t wave,
                                           const std::function<bool()>& condition);

  const Hosting hosting_;
  const Topology& topology_;
  HostState& state_;
  const Deliver deliver_;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> received_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Count> counts_;  ///< By rank.
  std::uint64_t told_ = 0;     ///< Times that a host told how far it is.
  std::vector<std::uint64_t> questions_;
  bool stopped_ = false;
  std::optional<Failure> lost_;
  CommandPtr last_command_;  ///< Rank 0: that was sent.
  std::uint64_t wave_ = 0;
  std::atomic<bool> closed_{false};
  std::unique_ptr<Transport> transport_;
};

}  // namespace ttmesh::mesh
