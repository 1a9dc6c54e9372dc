#pragma once

#include <string>

#include "mesh/topology/parsed_topology.hpp"

namespace ttmesh::mesh {

/// Holds every mesh to what tt-metal's FabricConfig `name` asks for, case ignored: FABRIC_1D,
/// FABRIC_1D_RING, FABRIC_1D_NEIGHBOR_EXCHANGE, FABRIC_2D, FABRIC_2D_TORUS_X, _TORUS_Y, _TORUS_XY.
///
/// A config may restrict: dims that it does not close to rings lose their wraps. One that asks for
/// rings that a mesh lacks becomes a launch problem, and nothing changes; a dim of 1 or 2 chips
/// satisfies any. The 1D rings ask for a torus of a 6U Galaxy, and of no other system for anything.
/// Throws std::invalid_argument listing the names if there is no such config.
void apply_fabric_config(ParsedTopology& parsed, const std::string& name);

}  // namespace ttmesh::mesh
