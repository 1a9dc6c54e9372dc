#pragma once

#include <cstdint>
#include <span>

#include "mesh/program/op_table.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/attention_layout.hpp"
#include "ops/key_rows.hpp"
#include "ops/pages.hpp"
#include "sim/work.hpp"

namespace ttmesh::ops {

/// Attention of many queries of each user, [b, h, s, d], to keys of a tensor or of a paged cache.
struct PromptAttention {
  AttentionLayout layout;
  bool is_causal;
  std::int64_t chunk_start_idx;  ///< Position of the first query.
  std::int64_t window;           ///< Keys that a query sees, up to its own; 0 for all.
  std::int64_t q_chunk_size;     ///< Queries that share a reading of the keys.

  /// Keys that query `query` sees.
  KeyRange visible_keys(std::int64_t query) const;
};

/// Options of a call, by their names. Throws std::invalid_argument unless they fit each other and
/// the layout, which has been checked.
[[nodiscard]] PromptAttention prompt_attention(const AttentionLayout& layout,
                                               const mesh::Attributes& attributes);

/// Reads `once` once, and keys and values for each head and each q_chunk_size queries as far as
/// they are visible; writes the outputs once.
[[nodiscard]] sim::Work prompt_cost(const PromptAttention& prompt, const mesh::OpCall& call,
                                    std::span<const mesh::TensorSpec> once);

/// What the queries attend to, beside themselves.
struct PromptKeys {
  const mesh::Block& keys;
  const mesh::Block& values;
  const mesh::Block* mask = nullptr;
  const Pages* pages = nullptr;
  std::int64_t first_user = 0;  ///< Whose keys the first of the query's users attends to.
};

/// Values of the output of `call`.
[[nodiscard]] mesh::Shard attended(const PromptAttention& prompt, const mesh::OpCall& call,
                                   const mesh::Block& queries, const PromptKeys& keys);

}  // namespace ttmesh::ops
