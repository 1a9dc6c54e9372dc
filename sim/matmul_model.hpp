#pragma once

#include "sim/chip_model.hpp"
#include "sim/work.hpp"

namespace ttmesh::sim {

/// How long a matmul keeps an idle chip's queue busy, launch included, and what limits it.
///
/// Throws: std::invalid_argument if a size is negative, or the grid is larger than the chip's.
/// Source: docs/fidelity.md, "Matmul".
[[nodiscard]] Cost matmul_cost(const ChipModel& chip, const MatmulWork& work);

}  // namespace ttmesh::sim
