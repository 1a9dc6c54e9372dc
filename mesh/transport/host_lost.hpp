#pragma once

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {

/// A host of the mesh is gone, or did not come.
inline constexpr ErrorCode kHostLost{7};

}  // namespace ttmesh::mesh
