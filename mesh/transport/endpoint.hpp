#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mesh/transport/address.hpp"
#include "mesh/transport/credit.hpp"
#include "mesh/transport/frame.hpp"
#include "mesh/transport/handshake.hpp"
#include "mesh/transport/host_lost.hpp"
#include "mesh/transport/message.hpp"

namespace ttmesh::mesh {

struct EndpointOptions {
  Identity identity;
  std::chrono::milliseconds handshake_bound{10'000};     ///< Of one handshake.
  std::chrono::milliseconds silence_bound{1'500};        ///< Without a heartbeat: the host is lost.
  std::chrono::milliseconds close_bound{1'000};          ///< For what is still to be written.
  std::uint64_t window_bytes = std::uint64_t{8} << 20U;  ///< Credit of each stream to this host.
  FrameLimits limits{};
};

/// Called on the communication thread, one at a time. They return soon, do not throw, and do not
/// wait for anything that the transport does.
struct EndpointHandlers {
  /// A message of `rank`. Its credit is used up until the receipt goes.
  std::function<void(int rank, Message message, Receipt receipt)> received;
  /// A host is lost: once for each, and for none that said goodbye. `why` reads after "host 3".
  std::function<void(int rank, const std::string& why)> lost;
  /// Somebody who knocked was turned away.
  std::function<void(const std::string& who, const std::string& why)> refused;
};

/// One host's place in a mesh that is spread over several processes: connections to the others over
/// Unix sockets or TCP. One thread serves all messages, another all heartbeats. From any thread.
class Endpoint {
 public:
  /// Throws std::invalid_argument if the rank is not below the number of hosts, or a handler is
  /// missing.
  Endpoint(EndpointOptions options, EndpointHandlers handlers);
  /// `close`.
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Lets others in at `address`, which is returned with the port that was chosen, if it was to be.
  /// Throws std::invalid_argument if the address is TCP and there is no token, or the folder of a
  /// Unix socket is open to others; std::system_error if it is taken or is not this machine's.
  Address listen(const Address& address);

  /// Connects to `rank`, which may still be about to listen.
  /// Throws std::invalid_argument as `listen` does, and mesh::Error (kHostLost) if it does not
  /// answer within the handshake's bound, turns this host away, or is another one than expected.
  void connect(int rank, const Address& address);

  /// Waits until all hosts are connected. Nobody else is let in after that.
  /// Throws mesh::Error (kHostLost) naming those that are not within `bound`.
  void await_peers(std::chrono::milliseconds bound);

  /// Connects all hosts with each other: each listens, learns from rank 0 where the others do, and
  /// connects to the lower ranks. Throws as `connect` and `await_peers` do.
  void join(const Address& rank_0, std::chrono::milliseconds bound);

  /// Sends a message, after those of its stream; never waits. What has no credit yet is referred
  /// to. False if the host is gone. Throws std::invalid_argument if it never was connected,
  /// or the message is a goodbye.
  bool send(int rank, const Message& message);

  /// Waits until no more than `bytes` to `rank` are still to be written, at most for `bound`: how a
  /// slow host slows this one down. False if there are more, or the host is gone.
  [[nodiscard]] bool await_room(int rank, std::size_t bytes, std::chrono::milliseconds bound);
  /// Bytes to `rank` that wait for credit or for the socket.
  [[nodiscard]] std::size_t held_bytes(int rank) const;

  /// Says goodbye to all, and ends the threads. Not from a handler. A second call does nothing.
  void close();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace ttmesh::mesh
