#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "mesh/transport/address.hpp"
#include "mesh/transport/transport.hpp"

namespace ttmesh::mesh {

/// The transport over Unix sockets or TCP: a connection to each other host. One thread serves all
/// messages, another all heartbeats.
class Endpoint : public Transport {
 public:
  /// Throws as `check` does.
  Endpoint(TransportOptions options, TransportHandlers handlers);
  ~Endpoint() override;

  /// Lets others in at `address`, which is returned with the port that was chosen, if it was to be.
  /// Throws std::invalid_argument if the address is TCP and there is no token, or the folder of a
  /// Unix socket is open to others; std::system_error if it is taken or is not this machine's.
  Address listen(const Address& address);

  /// Connects to `rank`, which may still be about to listen.
  /// Throws std::invalid_argument as `listen` does, and mesh::Error (HostLost) if it does not
  /// answer within the handshake's bound, turns this host away, or is another one than expected.
  void connect(int rank, const Address& address);

  /// Waits until all hosts are connected. Nobody else is let in after that.
  /// Throws mesh::Error (HostLost) naming those that are not within `bound`.
  void await_peers(std::chrono::milliseconds bound);

  /// Each listens, learns from rank 0 where the others do, and connects to the lower ranks; or rank
  /// 0 calls those that wait for it. Throws as `listen`, `connect` and `await_peers` do.
  void join(const MeetingPlace& place, std::chrono::milliseconds bound) override;

  bool send(int rank, const Message& message) override;
  [[nodiscard]] bool await_room(int rank, std::size_t bytes,
                                std::chrono::milliseconds bound) override;
  [[nodiscard]] std::size_t held_bytes(int rank) const override;
  void close() override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace ttmesh::mesh
