#pragma once

#include <string>

#include "mesh/topology/input_file.hpp"
#include "mesh/topology/parsed_topology.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace ttmesh::mesh {

/// Parses this project's own format, described in topologies/README.md. Leaves `name` to the
/// caller, and `usable_links` at 0 if the file does not state it.
/// Throws mesh::InvalidFile with every mistake.
[[nodiscard]] ParsedTopology parse_ttmesh_yaml(const InputFile& file, const YamlValue& document);

/// The same machine as a file of this format; reading it back gives equal facts.
[[nodiscard]] std::string ttmesh_yaml(const Topology& topology);

}  // namespace ttmesh::mesh
