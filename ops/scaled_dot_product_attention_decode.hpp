#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/scaled_dot_product_attention.hpp"
#include "sim/work.hpp"

namespace ttmesh::ops {

struct ScaledDotProductAttentionDecodeOptions {
  bool is_causal = true;                          ///< A query sees no key after its position.
  std::optional<mesh::Tensor> attn_mask{};        ///< Added to scores; without is_causal.
  std::vector<std::int64_t> cur_pos{};            ///< Position of each user; -1 idles.
  std::optional<mesh::Tensor> cur_pos_tensor{};   ///< The same as int32 [b].
  std::optional<std::int64_t> longest_cur_pos{};  ///< What the cost takes for the positions of a
                                                  ///< tensor; the cache's last if unset.
  std::optional<double> scale{};                  ///< 1 / sqrt(d) if unset.
  std::optional<std::int64_t> sliding_window_size{};  ///< Keys up to its own that a query sees.
  sim::MathFidelity fidelity = sim::MathFidelity::HiFi2;
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the query if unset.
};

/// scaled_dot_product_attention of one token of each user to its contiguous cache, up to and with
/// its position. An idle user gives 0.
///
/// Shapes:    q [1, b, h, d], k [b, k, t, d], v [b, k, t, e], mask [1 or b, 1, 1 or h, t]
///            -> [1, b, h, e].
/// Placement: users (dim 1 of q, 0 of k, v, positions and mask) and heads (dim 2 of q and mask, 1
///            of k and v) are sharded alike on all; a list of positions needs users that are not
///            sharded.
/// Cost:      reads q once and k and v as far as they are visible, once for each user and key head,
///            writes once; compute as scaled_dot_product_attention, heads that share a key head in
///            one tile.
/// Throws:    std::invalid_argument if shapes, options or placements do not fit. A position of a
///            tensor that the cache lacks fails the chip: mesh::Error when the values are read.
/// Source:    ttnn.transformer.scaled_dot_product_attention_decode.
[[nodiscard]] mesh::Tensor scaled_dot_product_attention_decode(
    const Qkv& qkv, const ScaledDotProductAttentionDecodeOptions& options);

/// The same with a paged cache: user u's position p is in block `page_table[u][p / l]`.
///
/// Shapes:    q [1, b, h, d], k [n, k, l, d], v [n, k, l, e], page_table [b, m], mask
///            [1 or b, 1, 1 or h, m * l] -> [1, b, h, e]. Pages past a position may name no block.
/// Placement: as above, the blocks of a line's users (dim 0 of k and v) and the table's rows as
///            users.
/// Cost:      as above; the table is read once.
/// Throws:    std::invalid_argument as above. A page that is seen and names no block fails the
///            chip.
/// Source:    ttnn.transformer.paged_scaled_dot_product_attention_decode.
[[nodiscard]] mesh::Tensor paged_scaled_dot_product_attention_decode(
    const Qkv& qkv, const mesh::Tensor& page_table,
    const ScaledDotProductAttentionDecodeOptions& options);

[[nodiscard]] mesh::OpDefinition scaled_dot_product_attention_decode_definition();
[[nodiscard]] mesh::OpDefinition paged_scaled_dot_product_attention_decode_definition();

}  // namespace ttmesh::ops
