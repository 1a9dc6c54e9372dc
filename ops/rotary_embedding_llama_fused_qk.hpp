#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "ops/rotary_embedding_llama.hpp"

namespace ttmesh::ops {

/// Queries and keys of one token of each user, turned by its position.
struct RotatedQk {
  mesh::Tensor query;
  mesh::Tensor key;
};

/// rotary_embedding_llama of queries and keys at once, in decode. The tables have the users twice:
/// rows 0 to b - 1 turn the queries, b to 2 b - 1 the keys.
///
/// Shapes:    [1, b, h, d] and [1, b, k, d] -> the same; cos and sin [1, 2 b, .., d].
/// Placement: as rotary_embedding_llama, of each alike; a chip's tables hold its own users twice.
/// Cost:      as rotary_embedding_llama, of both, in one launch.
/// Throws:    std::invalid_argument as rotary_embedding_llama, and if the users differ.
/// Source:    ttnn.experimental.rotary_embedding_llama_fused_qk.
[[nodiscard]] RotatedQk rotary_embedding_llama_fused_qk(const mesh::Tensor& query,
                                                        const mesh::Tensor& key,
                                                        const RotaryEmbedding& tables);

[[nodiscard]] mesh::OpDefinition rotary_embedding_llama_fused_qk_definition();

}  // namespace ttmesh::ops
