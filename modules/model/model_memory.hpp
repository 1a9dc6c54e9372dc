#pragma once

#include <cstdint>

#include "modules/model/model_config.hpp"

namespace ttmesh::modules {

/// What a model takes.
struct ModelMemory {
  std::int64_t chip_weight_bytes = 0;  ///< Emulated, on the chip that has most, padding included.
  std::int64_t chip_cache_bytes = 0;
  std::int64_t machine_bytes = 0;  ///< Of this machine, to hold the values; 0 in timing-only mode.
};

[[nodiscard]] ModelMemory memory_of(const ModelConfig& config);

/// Throws std::invalid_argument, with what is needed, what there is and what can be done, if the
/// model does not fit the chips' DRAM or, with values, this machine's free memory.
void require_memory(const ModelConfig& config);

}  // namespace ttmesh::modules
