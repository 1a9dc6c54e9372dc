#pragma once

#include <array>
#include <cstdint>

#include "mesh/program/op_table.hpp"
#include "mesh/tensor/block.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// Query heads and key-value heads of one chip, side by side in a row: Q, K, V.
struct HeadCounts {
  std::int64_t queries;
  std::int64_t keys;

  std::int64_t all() const { return queries + 2 * keys; }
};

/// "num_heads" and "num_kv_heads" of a call. Throws std::invalid_argument unless they are positive
/// and the first is a multiple of the second.
[[nodiscard]] HeadCounts head_counts(const char* op, const mesh::Attributes& attributes);

/// Extent of a head in rows of `width`. Throws std::invalid_argument if heads do not fill the row.
[[nodiscard]] std::int64_t head_dim(const char* op, std::int64_t width, const HeadCounts& counts);

/// Throws std::invalid_argument unless the shape has rank 4 and extent 1 in `one`.
void require_rank_4(const char* op, const mesh::TensorSpec& input, int one);

/// The placements with dim d become dim `to[d]`. Throws std::invalid_argument naming the dim where
/// `to[d]` is -1.
[[nodiscard]] mesh::Distribution moved_dims(const char* op, const mesh::TensorSpec& input,
                                            const std::array<int, 4>& to);

}  // namespace ttmesh::ops
