#include "ccl/topology.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ttmesh::ccl {

std::string to_string(Topology topology) { return topology == Topology::Ring ? "Ring" : "Linear"; }

Topology parse_topology(const std::string& text) {
  if (text == "Ring") return Topology::Ring;
  if (text == "Linear") return Topology::Linear;
  throw std::invalid_argument(
      fmt::format("[parse_topology] topology '{}' is unknown, Linear or Ring is needed", text));
}

}  // namespace ttmesh::ccl
