#pragma once

#include "mesh/topology/cluster_description.hpp"
#include "mesh/topology/parsed_topology.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace ttmesh::mesh {

/// True if a YAML document has the shape of a cluster descriptor.
[[nodiscard]] bool looks_like_cluster(const YamlValue& document);

/// The topology of a cluster descriptor, tt-umd's record of one host's chips and cables.
///
/// Chips that links join, directly or through others, become one mesh: the line, ring, mesh or
/// torus that the links form, or else chips in no grid, which a launch refuses. Links that leave
/// the host are left out. `physical_ids` has each chip's id in the file. Leaves name, system and
/// usable links open.
[[nodiscard]] ParsedTopology cluster_topology(ClusterDescription cluster);

}  // namespace ttmesh::mesh
