#pragma once

#include <string>

#include "mesh/topology/topology.hpp"

namespace ttmesh::cli {

/// A mesh as text: chips with their numbers, links with their channel counts, dashed wraps, heavy
/// borders between hosts. Empty if the mesh is too large for a terminal or no grid.
[[nodiscard]] std::string drawing(const mesh::MeshDescription& mesh);

/// Draws a graph in graphviz' language as an SVG file. Throws std::runtime_error if graphviz is not
/// installed, fails, or cannot write the file.
void write_svg(const std::string& dot, const std::string& path);

}  // namespace ttmesh::cli
