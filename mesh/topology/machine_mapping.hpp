#pragma once

#include <vector>

#include "mesh/topology/parsed_topology.hpp"
#include "mesh/topology/physical_machine.hpp"

namespace ttmesh::mesh {

/// Finds the chips of a machine for those of a topology: by ChipId, positions in `machine.chips`.
///
/// Neighbours come to lie on chips that links join: as many as the topology's channels where its
/// policy is strict, one or more where it is relaxed. Connections between meshes are held to the
/// same by their own policy, and may end on any chips unless they name them. The chips of one host
/// stay on one host of the machine, and pinned chips on their places. The same arguments give the
/// same answer.
///
/// Throws mesh::InvalidFile, under the heading that tt-metal prints, if there is no such
/// arrangement, or none was found within a bounded search.
[[nodiscard]] std::vector<int> map_onto_machine(const ParsedTopology& parsed,
                                                const PhysicalMachine& machine);

}  // namespace ttmesh::mesh
