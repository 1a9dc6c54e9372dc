#pragma once

#include <cstdint>

#include "mesh/program/attributes.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/truncation.hpp"

namespace ttmesh::ops {

/// Specs of attention, and the dims of the query and of the mask that are users and heads; those of
/// keys and values are 0 and 1. Paged keys and values have the blocks of a line's users in dim 0.
struct AttentionLayout {
  const char* op;
  const mesh::TensorSpec& query;
  const mesh::TensorSpec& key;
  const mesh::TensorSpec& value;
  int query_users;
  int query_heads;
  int mask_users;
  int mask_heads;
  const mesh::TensorSpec* page_table = nullptr;  ///< Of paged keys and values: [users, pages].
  bool one_of_table = false;  ///< The query is one user's, who is a row of the table.

  std::int64_t users() const { return query.shape[query_users]; }
  std::int64_t query_head_count() const { return query.shape[query_heads]; }
  std::int64_t key_head_count() const { return key.shape[1]; }
  /// Keys that a user has room for.
  std::int64_t key_count() const {
    return page_table == nullptr ? key.shape[2] : page_table->shape[1] * key.shape[2];
  }
  /// Query heads that share a key head.
  std::int64_t group() const { return query_head_count() / key_head_count(); }
};

/// Throws std::invalid_argument unless query, keys and values have shapes, dtypes and placements
/// that fit each other. Where the query is one user's, chips that share the query may hold the
/// blocks of several users' parts.
void require_attention(const AttentionLayout& layout);

/// Throws std::invalid_argument unless the mask has rank 4, a column for each key, the query's
/// users and heads or 1 of either, and lies where the query does. The remaining dim is the op's to
/// check.
void require_mask(const AttentionLayout& layout, const mesh::TensorSpec& mask);

/// "scale" of the call, or 1 / sqrt(head dim).
[[nodiscard]] float attention_scale(const AttentionLayout& layout,
                                    const mesh::Attributes& attributes);

/// What "fidelity" of the call cuts off of the operands of both products.
[[nodiscard]] AttentionTruncation attention_truncation(const AttentionLayout& layout,
                                                       const mesh::Attributes& attributes);

/// "sliding_window" of the call: keys that a query sees, up to its own; 0 for all.
[[nodiscard]] std::int64_t sliding_window(const mesh::Attributes& attributes);

/// Cycles that a pair of a query tile and a key tile costs one core.
[[nodiscard]] std::int64_t attention_cycles_per_tile(const AttentionLayout& layout,
                                                     const mesh::Attributes& attributes);

/// Bytes of one tile of 32 keys of one head and of their values.
[[nodiscard]] std::int64_t key_tile_bytes(const AttentionLayout& layout);

/// Extent in tiles, rounded up.
[[nodiscard]] std::int64_t tiles_of(std::int64_t extent);

}  // namespace ttmesh::ops
