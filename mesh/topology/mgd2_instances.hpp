#pragma once

#include "mesh/topology/mgd2_text.hpp"
#include "mesh/topology/parsed_topology.hpp"

namespace ttmesh::mesh {

/// Makes the meshes, switches and links of a validated descriptor, from its top-level instance
/// down.
///
/// With one graph or none, meshes keep their ids and are ordered by them; deeper hierarchies, whose
/// ids repeat, are numbered in the order in which they are instantiated.
/// Throws mesh::InvalidFile with every reference that leads nowhere.
[[nodiscard]] ParsedTopology instantiate_mgd2(const Mgd2Document& document);

}  // namespace ttmesh::mesh
