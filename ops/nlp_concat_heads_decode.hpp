#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

struct NlpConcatHeadsDecodeOptions {
  std::int64_t num_heads;                      ///< Heads of one chip; the first so many are joined.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// Joins the heads of one token of each user to rows; heads after the first `num_heads` are
/// padding.
///
/// Shapes:    [1, b, h, d] -> [1, 1, b, num_heads * d].
/// Placement: Shard(2) -> Shard(3); Shard(1), the users, -> Shard(2). Partial stays.
/// Cost:      reads and writes what is joined once.
/// Throws:    std::invalid_argument if there are fewer heads, the first dim is not 1, or the head
///            dim is sharded.
/// Source:    ttnn.experimental.nlp_concat_heads_decode.
[[nodiscard]] mesh::Tensor nlp_concat_heads_decode(const mesh::Tensor& input,
                                                   const NlpConcatHeadsDecodeOptions& options);

[[nodiscard]] mesh::OpDefinition nlp_concat_heads_decode_definition();

}  // namespace ttmesh::ops
