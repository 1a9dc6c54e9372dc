#pragma once

#include <string>
#include <string_view>

#include "mesh/topology/parsed_topology.hpp"

namespace ttmesh::mesh {

/// True if `text` begins with the name of a system preset, alone or before a colon; case ignored.
[[nodiscard]] bool is_system_name(std::string_view text);

/// The topology called `SYSTEM[:ROWSxCOLS[:line|ring]]`.
///
/// SYSTEM             the system as it is sold.
/// SYSTEM:RxC         a rectangle cut out of it, upright or turned; its wraps stay along an axis
///                    that is kept whole. 1xN and Nx1 that fit no row or column are a line through
///                    N of its chips.
/// SYSTEM:RxC:line    R x C of its chips, as many as asked for, joined by its links in open lines,
/// SYSTEM:RxC:ring    or in lines that close along every axis of 3 chips or more.
///
/// Throws std::invalid_argument for an unknown system, a shape that is none or does not fit, and
/// more than one chip of a system without links.
[[nodiscard]] ParsedTopology parse_system_name(const std::string& text);

}  // namespace ttmesh::mesh
