#pragma once

#include <chrono>

#include "mesh/transport/address.hpp"
#include "mesh/transport/handshake.hpp"

namespace ttmesh::mesh {

/// A host that has let this one in.
struct DialedHost {
  int socket = -1;  ///< The caller's.
  Hello hello;      ///< Who it says it is; still to be judged.
};

/// Connects to a host and says who this one is. Waits for one that does not listen yet.
/// Throws mesh::Error (HostLost) if it is not there by `deadline`, or turns this host away.
[[nodiscard]] DialedHost dial(const Address& address, const Hello& hello,
                              std::chrono::steady_clock::time_point deadline);

/// Tells a host that let this one in that it is not wanted, and closes.
void hang_up(int socket, const std::string& why);

}  // namespace ttmesh::mesh
