#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "mesh/transport/address.hpp"
#include "mesh/transport/assignment.hpp"
#include "mesh/transport/handshake.hpp"
#include "mesh/transport/io_thread.hpp"

// How a host that was started without a command gets one from rank 0, which either of them may
// call. It then joins as any other host does.
namespace ttmesh::mesh {

/// A host that has its assignment.
struct Recruit {
  Assignment assignment;
  Address own;  ///< Where it is to listen from now on.
};

/// Of the rank, number of hosts and digest of `identity` nothing is looked at: rank 0 knows them.
/// Calls rank 0, which may still be about to listen.
/// Throws mesh::Error (HostLost) if it is not there by `deadline`, or has no place to give.
[[nodiscard]] Recruit enlist(const Address& rank_0, const Identity& identity,
                             std::chrono::steady_clock::time_point deadline);

struct AwaitCallOptions {
  Address own;  ///< Where to listen.
  Identity identity;
  std::chrono::milliseconds bound{60'000};
  /// Tells where it listens, once it does.
  std::function<void(const Address& own)> listening = [](const Address&) {};
  /// Somebody who knocked was turned away.
  std::function<void(const std::string& who, const std::string& why)> refused;
};

/// Waits until rank 0 calls. Throws as Greeter::listen does, std::invalid_argument if the address
/// is TCP and there is no token, and mesh::Error (HostLost) if nobody calls within the bound.
[[nodiscard]] Recruit await_call(const AwaitCallOptions& options);

/// Rank 0: calls a host that waits for it, and returns when the host is about to join.
/// Throws mesh::Error (HostLost) if it does not answer by `deadline`, or turns rank 0 away.
void recruit(const Address& host, const Identity& rank_0, const Assignment& assignment,
             std::chrono::steady_clock::time_point deadline);

/// Rank 0: tells a host that has called, over a connected socket, which is closed then. Does not
/// wait for it.
void tell(const IoThread& io, int socket, const Assignment& assignment);

}  // namespace ttmesh::mesh
