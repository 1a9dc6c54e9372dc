#pragma once

#include <string>

#include "cli/link_table.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::cli {

/// A mesh as text, with how busy its links were in place of the links: percent of the span, of the
/// busiest channel and direction between two neighbours, and a block that is darker the more.
/// Empty if the mesh is too large for a terminal, no grid, or a single chip.
[[nodiscard]] std::string heat_map(const mesh::Topology& topology,
                                   const mesh::MeshDescription& mesh, const LinkLoad& load);

}  // namespace ttmesh::cli
