#pragma once

#include <cstdint>

namespace ttmesh::modules {

/// Most cores, in a rectangle of at most 8x8, that divide both counts of tiles: where TTTv2 puts
/// the operands of a decode matmul.
[[nodiscard]] int largest_core_count(std::int64_t k_tiles, std::int64_t n_tiles);

/// Cores, in a rectangle of at most 8x8, that divide `tiles`, as near to 32 as can be and rather
/// fewer: where TTTv2 puts a residual.
[[nodiscard]] int residual_core_count(std::int64_t tiles);

}  // namespace ttmesh::modules
