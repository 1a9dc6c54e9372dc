#pragma once

#include <cstdint>
#include <string>

namespace ttmesh::ccl {

/// How the chips of a line are used: end to end, or around.
enum class Topology : std::uint8_t { Linear, Ring };

/// "Linear"
[[nodiscard]] std::string to_string(Topology topology);

/// The topology that `to_string` wrote. Throws std::invalid_argument.
[[nodiscard]] Topology parse_topology(const std::string& text);

}  // namespace ttmesh::ccl
