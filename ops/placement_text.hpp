#pragma once

#include <string>

#include "mesh/tensor/placement.hpp"

namespace ttmesh::ops {

/// "Replicate", "Shard(3)", "Partial", "Stacked(0)"
[[nodiscard]] std::string to_string(const mesh::Placement& placement);

}  // namespace ttmesh::ops
