#pragma once

#include <cstdint>

#include "modules/model/model_config.hpp"
#include "modules/spec/model_spec.hpp"

namespace ttmesh::modules {

/// Rows of one prompt that are prefilled at once, unless a config states another number: those of
/// TTTv2's table for Llama 3 by its size and the number of chips, 4,096 for what is not in it. A
/// model with sliding windows has no chunks: they need a paged cache, which goes with no window.
/// Source: max_prefill_chunk_size of tt_transformers.
[[nodiscard]] std::int64_t default_prefill_chunk(const ModelSpec& spec, int chips);

/// Throws std::invalid_argument unless chunks are a power of two from 128 on and the model has no
/// sliding window that would meet them.
void require_chunk(const ModelConfig& config);

}  // namespace ttmesh::modules
