#pragma once

#include <string>

namespace ttmesh::mesh {

/// Where one process stands among those that share a mesh.
struct Hosting {
  int rank = 0;
  int hosts = 1;
  std::string rank_0;  ///< Where rank 0 listens: "unix:/tmp/x/0.socket", "tcp:10.0.0.1:4000".
  std::string own;     ///< Where this host listens, likewise; port 0 lets the system choose.
  std::string token;   ///< The secret of the run; TCP needs one.
  std::string values;  ///< What the values depend on: processor path and library version.
};

}  // namespace ttmesh::mesh
