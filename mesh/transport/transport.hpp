#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mesh/transport/assignment.hpp"
#include "mesh/transport/credit.hpp"
#include "mesh/transport/frame.hpp"
#include "mesh/transport/handshake.hpp"
#include "mesh/transport/message.hpp"
#include "mesh/transport/transport_kind.hpp"

namespace ttmesh::mesh {

struct TransportOptions {
  Identity identity;
  std::chrono::milliseconds handshake_bound{10'000};     ///< Of one handshake.
  std::chrono::milliseconds silence_bound{1'500};        ///< Without a heartbeat: the host is lost.
  std::chrono::milliseconds close_bound{1'000};          ///< For what is still to be written.
  std::uint64_t window_bytes = std::uint64_t{8} << 20U;  ///< Credit of each stream to this host.
  FrameLimits limits{};
  /// Rank 0, sockets: what hosts that ask for a place are told; none is given if unset.
  std::optional<MachineRecipe> offer{};
};

/// Called on the communication thread, one at a time. They return soon, do not throw, and do not
/// wait for anything that the transport does.
struct TransportHandlers {
  /// A message of `rank`. Its credit is used up until the receipt goes.
  std::function<void(int rank, Message message, Receipt receipt)> received;
  /// A host is lost: once for each, and for none that said goodbye. `why` reads after "host 3".
  std::function<void(int rank, const std::string& why)> lost;
  /// Somebody who knocked was turned away.
  std::function<void(const std::string& who, const std::string& why)> refused;
  /// This host lets others in at `address`; may be empty.
  std::function<void(const std::string& address)> listening{};
};

/// Throws std::invalid_argument if the rank is not below the number of hosts, or a handler is
/// missing.
void check(const TransportOptions& options, const TransportHandlers& handlers);

/// Where hosts meet. MPI has places of its own and takes none.
struct MeetingPlace {
  /// Where rank 0 listens: "unix:/tmp/x/0.socket", "tcp:10.0.0.1:4000". Empty if rank 0 calls.
  std::string rank_0;
  std::string own;  ///< Where this host listens, likewise; port 0 lets the system choose.
  /// Rank 0: where hosts wait to be called, from rank 1 on; it need not listen itself if these are
  /// all.
  std::vector<std::string> waiting{};
};

/// One host's place among the others of its mesh, whatever carries the messages. From any thread.
class Transport {
 public:
  Transport() = default;
  /// Closes.
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Connects all hosts with each other.
  /// Throws mesh::Error (HostLost) naming those that are not there within `bound`, or that have
  /// something else in mind; std::invalid_argument if the place is none.
  virtual void join(const MeetingPlace& place, std::chrono::milliseconds bound) = 0;

  /// Sends a message, after those of its stream; never waits. What has no credit yet is referred
  /// to. False if the host is gone. Throws std::invalid_argument if it never was connected,
  /// or the message is a goodbye.
  virtual bool send(int rank, const Message& message) = 0;

  /// Waits until no more than `bytes` to `rank` are still to be written, at most for `bound`: how a
  /// slow host slows this one down. False if there are more, or the host is gone.
  [[nodiscard]] virtual bool await_room(int rank, std::size_t bytes,
                                        std::chrono::milliseconds bound) = 0;
  /// Bytes to `rank` that wait for credit or to be written.
  [[nodiscard]] virtual std::size_t held_bytes(int rank) const = 0;

  /// Says goodbye to all, and ends the threads. Not from a handler. A second call does nothing.
  virtual void close() = 0;
};

/// Whether this program has the transport: MPI is optional.
[[nodiscard]] bool is_built_in(TransportKind kind);

/// The transport of that kind. Throws as `check`, and std::invalid_argument if it is not built in.
[[nodiscard]] std::unique_ptr<Transport> make_transport(TransportKind kind,
                                                        TransportOptions options,
                                                        TransportHandlers handlers);

}  // namespace ttmesh::mesh
