#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

struct NlpCreateQkvHeadsOptions {
  std::int64_t num_heads;                      ///< Query heads of one chip.
  std::int64_t num_kv_heads;                   ///< Key heads, and value heads, of one chip.
  bool transpose_k_heads = true;               ///< Keys as [.., d, s]; as [.., s, d] otherwise.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// Heads of an attention layer.
struct QkvHeads {
  mesh::Tensor query;
  mesh::Tensor key;
  mesh::Tensor value;
};

/// Splits rows of query, key and value heads of a prompt.
///
/// Shapes:    [b, 1, s, (h + 2 k) * d] -> [b, h, s, d], [b, k, s, d] ([b, k, d, s] if transposed)
///            and [b, k, s, d]; h query heads and k key heads on each chip.
/// Placement: Shard(3) -> Shard(1): each chip's row holds its own query, key and value heads.
///            Partial stays, and so does what lies along dims 0 and 2 (transposed keys: Shard(2)
///            -> 3).
/// Cost:      reads and writes everything once.
/// Throws:    std::invalid_argument if heads do not fill the rows or dim 1 is sharded.
/// Source:    ttnn.experimental.nlp_create_qkv_heads.
[[nodiscard]] QkvHeads nlp_create_qkv_heads(const mesh::Tensor& input,
                                            const NlpCreateQkvHeadsOptions& options);

[[nodiscard]] mesh::OpDefinition nlp_create_qkv_heads_definition();

}  // namespace ttmesh::ops
