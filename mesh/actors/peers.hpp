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
  /// Puts a message of another host into this one's actors.
  using Deliver = std::function<void(Message message)>;

  /// `state` outlives this.
  Peers(const Hosting& hosting, const Topology& topology, HostState& state, Deliver deliver);
  ~Peers();
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  /// Says goodbye to the others; nothing comes from them afterwards.
  void close();

  /// Connects all hosts. Throws mesh::Error (kHostLost) naming those that do not come in time.
  void join();
  /// Sends a message that is work for the other host. One that cannot be sent loses the host; after
  /// `close` nothing is sent. Never throws.
  void send(int rank, const Message& message);
  void send_to_all(const Message& message);

  /// Rank 0: waits until nothing runs on any host, or one is lost.
  void settle();
  /// Rank 0, after `settle`: the fewest commands that another host has passed, and when the last
  /// queue of another host is free.
  std::uint64_t finished() const;
  sim::Time end() const;
  /// The host that was lost, if one was.
  std::optional<Failure> lost() const;

  /// Other ranks: answers rank 0 until it says stop. Throws mesh::Error (kHostLost) if it is lost.
  void serve();

 private:
  struct Count {
    wire::ActivityCount count;
    bool fresh = false;
  };

  void receive(int rank, Message message);
  void lose(int rank, const std::string& why);
  wire::ActivityCount own_count(std::uint64_t wave) const;
  /// One wave: the counts of all hosts, this one first. Empty if a host is lost.
  std::vector<wire::ActivityCount> ask_all(std::uint64_t wave);

  const Hosting hosting_;
  const Topology& topology_;
  HostState& state_;
  const Deliver deliver_;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> received_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Count> counts_;  ///< By rank.
  std::vector<std::uint64_t> questions_;
  bool stopped_ = false;
  std::optional<Failure> lost_;
  std::uint64_t wave_ = 0;
  std::atomic<bool> closed_{false};
  std::unique_ptr<Transport> transport_;
};

}  // namespace ttmesh::mesh
