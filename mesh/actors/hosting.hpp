#pragma once

#include <string>

#include "mesh/transport/transport_kind.hpp"

namespace ttmesh::mesh {

/// Where one process stands among those that share a mesh.
struct Hosting {
  int rank = 0;
  int hosts = 1;
  TransportKind transport = TransportKind::Unix;  ///< What carries messages between them.
  std::string rank_0;  ///< Sockets: where rank 0 listens, as "unix:/tmp/x/0.socket".
  std::string own;     ///< Sockets: where this host listens; port 0 lets the system choose.
  std::string token;   ///< The secret of the run; TCP needs one.
  std::string values;  ///< What the values depend on: processor path and library version.
};

}  // namespace ttmesh::mesh
