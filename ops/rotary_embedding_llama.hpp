#pragma once

#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// Tables of rotary positions.
struct RotaryEmbedding {
  mesh::Tensor cos;                    ///< Prefill: [1, 1 or h, s, d]. Decode: [1, b, .., d].
  mesh::Tensor sin;                    ///< The same.
  mesh::Tensor transformation_matrix;  ///< [.., 32 * n, 32].
};

struct RotaryEmbeddingLlamaOptions {
  bool is_decode_mode = false;
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// Turns heads by their positions: x * cos + (x * t) * sin, t on each 32 columns, in float32,
/// rounded once. The matrix t that exchanges neighbours (1 at [even, odd], -1 at [odd, even]) makes
/// it the rotation of Llama's interleaved pairs.
///
/// Shapes:    prefill [b, h, s, d] -> [b, h, s, d], a row of the tables for each position; decode
///            [1, b, h, d] -> [1, b, h, d], a row for each user, and matrix i modulo n for user i.
/// Placement: unchanged, Shard(0), Shard(1) or Shard(2); tables are sharded with positions or users
///            and Replicate otherwise.
/// Cost:      reads all inputs once, writes once; 88 cycles a tile and core: a tile product and 3
///            passes.
/// Throws:    std::invalid_argument if a sum is owed, d is not a multiple of 32 or sharded, or
///            tables do not fit.
/// Source:    ttnn.experimental.rotary_embedding_llama.
[[nodiscard]] mesh::Tensor rotary_embedding_llama(const mesh::Tensor& input,
                                                  const RotaryEmbedding& tables,
                                                  const RotaryEmbeddingLlamaOptions& options = {});

[[nodiscard]] mesh::OpDefinition rotary_embedding_llama_definition();

}  // namespace ttmesh::ops
