#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/nlp_create_qkv_heads.hpp"

namespace ttmesh::ops {

struct NlpCreateQkvHeadsDecodeOptions {
  std::int64_t num_heads;                      ///< Query heads of one chip.
  std::int64_t num_kv_heads;                   ///< Key heads, and value heads, of one chip.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// Splits rows of query, key and value heads of one token of each user.
///
/// Shapes:    [1, 1, b, (h + 2 k) * d] -> [1, b, h, d], [1, b, k, d] and [1, b, k, d]; h query
/// heads
///            and k key heads on each chip.
/// Placement: Shard(3) -> Shard(2): each chip's row holds its own query, key and value heads;
///            Shard(2), the users, -> Shard(1). Partial stays.
/// Cost:      reads and writes everything once.
/// Throws:    std::invalid_argument if heads do not fill the rows or leading dims are not 1.
/// Source:    ttnn.experimental.nlp_create_qkv_heads_decode.
[[nodiscard]] QkvHeads nlp_create_qkv_heads_decode(const mesh::Tensor& input,
                                                   const NlpCreateQkvHeadsDecodeOptions& options);

[[nodiscard]] mesh::OpDefinition nlp_create_qkv_heads_decode_definition();

}  // namespace ttmesh::ops
