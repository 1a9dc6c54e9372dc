#pragma once

#include <functional>
#include <string>
#include <vector>

#include "mesh/transport/transport_kind.hpp"

namespace ttmesh::mesh {

/// Where one process stands among those that share a mesh.
struct Hosting {
  int rank = 0;
  int hosts = 1;
  TransportKind transport = TransportKind::Unix;  ///< What carries messages between them.
  std::string rank_0;     ///< Sockets: where rank 0 listens, as "unix:/tmp/x/0.socket"; empty if it
                          ///< calls this host.
  std::string own;        ///< Sockets: where this host listens; port 0 lets the system choose.
  std::string token;      ///< The secret of the run; TCP needs one.
  std::string values;     ///< What the values depend on: how the processor multiplies,
  std::string library{};  ///< and the version of what it multiplies with.
  std::vector<std::string> waiting{};  ///< Rank 0: where hosts wait to be called, from rank 1 on.
  bool recruits = false;               ///< Rank 0: gives places to hosts that have none.
  int join_seconds = 60;               ///< For the others to come; a cluster may take a while.
  /// Told what the user should know: where this host listens, who was turned away. May be empty.
  std::function<void(const std::string& text)> note{};
  /// Told once that a host is lost, and the error that every wait then ends with: a controller that
  /// computes does not wait. Called on the transport's thread, returns soon. May be empty.
  std::function<void(const std::string& what)> lost{};
};

}  // namespace ttmesh::mesh
