#pragma once

#include <string>

#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// The topology as a graph for graphviz: a box per host and mesh, a node per chip, an edge per pair
/// of chips with its channel count; wraps dashed, express and inter-mesh links bold.
[[nodiscard]] std::string dot(const Topology& topology);

}  // namespace ttmesh::mesh
