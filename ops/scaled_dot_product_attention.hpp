#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "sim/work.hpp"

namespace ttmesh::ops {

/// Queries, keys and values of attention.
struct Qkv {
  mesh::Tensor query;
  mesh::Tensor key;
  mesh::Tensor value;
};

struct ScaledDotProductAttentionOptions {
  std::optional<mesh::Tensor> attn_mask{};            ///< Added to scores; without is_causal.
  bool is_causal = true;                              ///< A query sees no key after its position.
  std::optional<double> scale{};                      ///< 1 / sqrt(d) if unset.
  std::optional<std::int64_t> sliding_window_size{};  ///< Keys up to its own that a query sees.
  std::int64_t chunk_start_idx = 0;                   ///< Position of the first query.
  std::int64_t q_chunk_size = 64;                     ///< Queries that share a reading of the keys.
  sim::MathFidelity fidelity = sim::MathFidelity::HiFi2;
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the query if unset.
};

/// softmax(q * k^T * scale + mask) * v of a prompt, head by head; h / k query heads share a key
/// head. Key j has position j, query i has chunk_start_idx + i: a chunk of a prompt attends to a
/// cache that holds what came before it. Scores exist a block at a time, with float32 sums
/// (HeadAttention); the result has the query's dtype. A query that sees no key gives 0.
///
/// Shapes:    q [b, h, s, d], k [b, k, t, d], v [b, k, t, e], mask [1 or b, 1 or h, s, t] ->
///            [b, h, s, e].
/// Placement: users (dim 0) and heads (dim 1) are sharded alike on all; the mask is Replicate where
///            it repeats. Positions are whole on each chip.
/// Cost:      reads q once, and k and v for each head and each q_chunk_size queries as far as they
///            are visible, writes once; for each visible pair of tiles the tile products of both
///            matrices at `fidelity`, 512 cycles of an exponential and 8 for each of 4 passes,
///            spread evenly over the cores (assumed).
/// Throws:    std::invalid_argument if shapes, options or placements do not fit; the message names
///            the collective that is missing.
/// Source:    ttnn.transformer.scaled_dot_product_attention, and
///            chunked_scaled_dot_product_attention on a contiguous cache.
[[nodiscard]] mesh::Tensor scaled_dot_product_attention(
    const Qkv& qkv, const ScaledDotProductAttentionOptions& options = {});

[[nodiscard]] mesh::OpDefinition scaled_dot_product_attention_definition();

}  // namespace ttmesh::ops
