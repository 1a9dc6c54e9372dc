#pragma once

#include <string_view>

#include "mesh/topology/input_file.hpp"
#include "mesh/topology/parsed_topology.hpp"

namespace ttmesh::mesh {

/// True if `text` looks like a mesh graph descriptor in text form.
[[nodiscard]] bool looks_like_mgd2(std::string_view text);

/// Parses a mesh graph descriptor, version 2: text form of proto/mesh_graph_descriptor.proto.
///
/// Stages: parse; structure; names, channels and architectures; topologies; instances. Each stage
/// reports all of its mistakes, and the first that has any ends the parse. What only a launch
/// refuses is in the result. Leaves name, system and usable links open.
/// Throws mesh::InvalidFile, with the messages that tt-metal prints.
[[nodiscard]] ParsedTopology parse_mgd2(const InputFile& file);

}  // namespace ttmesh::mesh
