#pragma once

#include "mesh/tensor/region.hpp"

namespace ttmesh::mesh {

/// As add(). An operand that is all of a block which nobody else refers to gives its memory to the
/// sum: so a sum that is passed on and added to needs no other.
[[nodiscard]] Piece sum(Piece a, Piece b, DataType dtype);

}  // namespace ttmesh::mesh
