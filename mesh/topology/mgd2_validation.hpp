#pragma once

#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/mgd2_text.hpp"

namespace ttmesh::mesh {

/// Heading under which tt-metal reports what validation finds.
inline constexpr const char* kMgd2InvalidHeading =
    "Failed to validate MeshGraphDescriptor textproto";

/// Fills in the defaults: policies (relaxed for meshes, strict elsewhere) and dim types (line).
void apply_mgd2_defaults(proto::MeshGraphDescriptor& descriptor);

/// Checks structure, then names with channels and architectures, then topologies with graphs and
/// pinnings. Throws mesh::InvalidFile with all problems of the first stage that has any.
void validate_mgd2(const Mgd2Document& document);

/// What a launch asks of a descriptor beyond that: at most one graph, of type FABRIC, without
/// express connections, and the like.
[[nodiscard]] std::vector<Problem> mgd2_compatibility_problems(const Mgd2Document& document);

}  // namespace ttmesh::mesh
