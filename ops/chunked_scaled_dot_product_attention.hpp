#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/scaled_dot_product_attention.hpp"
#include "sim/work.hpp"

namespace ttmesh::ops {

struct ChunkedScaledDotProductAttentionOptions {
  std::int64_t chunk_start_idx;                       ///< Position of the first query.
  std::optional<int> user{};                          ///< Whose query it is; counts over all chips.
  std::optional<double> scale{};                      ///< 1 / sqrt(d) if unset.
  std::optional<std::int64_t> sliding_window_size{};  ///< Keys up to its own that a query sees.
  std::int64_t q_chunk_size = 64;                     ///< Queries that share a reading of the keys.
  sim::MathFidelity fidelity = sim::MathFidelity::HiFi2;
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the query if unset.
};

/// Causal scaled_dot_product_attention of a chunk of a prompt to a paged cache that holds the
/// chunk's keys and all before them: position p of user u is in block `page_table[u][p / l]`.
///
/// Shapes:    q [b, h, s, d], k [n, k, l, d], v [n, k, l, e], page_table [b, m] -> [b, h, s, e];
///            with `user` q [1, h, s, d] and page_table [users, m]. Pages past the chunk may name
///            no block.
/// Placement: heads (dim 1) are sharded alike on all. Users (dim 0 of q and of the table) and the
///            blocks of a line's users (dim 0 of k and v) are sharded alike. With `user`, blocks
///            and table may be Shard(0) where q is Replicate: the chips that lack the user give 0,
///            and the result is Partial there.
/// Cost:      as scaled_dot_product_attention; the table is read once.
/// Throws:    std::invalid_argument if shapes, options or placements do not fit. A page that is
///            seen and names no block fails the chip: mesh::Error when the values are read.
/// Source:    ttnn.transformer.chunked_scaled_dot_product_attention.
[[nodiscard]] mesh::Tensor chunked_scaled_dot_product_attention(
    const Qkv& qkv, const mesh::Tensor& page_table,
    const ChunkedScaledDotProductAttentionOptions& options);

[[nodiscard]] mesh::OpDefinition chunked_scaled_dot_product_attention_definition();

}  // namespace ttmesh::ops
