#pragma once

#include <string>

#include "mesh/program/command.hpp"

namespace ttmesh::cli {

/// What tt-metal's profiler calls an op of the op table: "MatmulDeviceOperation" for "linear". An
/// op that it does not know by another name gets its own in the same manner.
[[nodiscard]] std::string op_code(const mesh::Command& command);

}  // namespace ttmesh::cli
