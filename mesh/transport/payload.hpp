#pragma once

#include <vector>

#include "mesh/tensor/region.hpp"
#include "mesh/transport/frame.hpp"

namespace ttmesh::mesh {

/// The values of a piece that has a block, one after another, as they lie in it; gathered into one
/// buffer where runs are too short to be written one by one.
/// Throws std::invalid_argument if the region reaches outside the block.
[[nodiscard]] std::vector<PayloadPart> payload_of(const Piece& piece);

/// The same elements and rows in a block that holds nothing else.
/// Throws std::invalid_argument if the region is no such thing.
[[nodiscard]] Region alone(const Region& region);

}  // namespace ttmesh::mesh
