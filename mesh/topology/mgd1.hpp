#pragma once

#include "mesh/topology/input_file.hpp"
#include "mesh/topology/parsed_topology.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace ttmesh::mesh {

/// True if a YAML document has the shape of a mesh graph descriptor, version 1.
[[nodiscard]] bool looks_like_mgd1(const YamlValue& document);

/// Parses a mesh graph descriptor, version 1, in any of its three dialects:
///
/// early 2025      a mesh has `topology`, in boards, and `host_ranks`; `Graph` joins ports, [mesh,
///                 "E0"], numbered from the north or west along each side, `channels` a chip.
/// mid 2025        the same with `device_topology`, in chips, and `host_topology`.
/// from autumn     host ranks follow from `host_topology`; `Graph` joins chips, [M0, D1], with a
///                 link count, and `RelaxedGraph` joins meshes, [M0, M1, links].
///
/// A board's type says which dims of a whole mesh are rings. Leaves name, system and usable links
/// open. Throws mesh::InvalidFile with every mistake.
[[nodiscard]] ParsedTopology parse_mgd1(const InputFile& file, const YamlValue& document);

}  // namespace ttmesh::mesh
