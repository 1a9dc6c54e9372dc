#pragma once

#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

struct NlpConcatHeadsOptions {
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// Joins the heads of a prompt to rows.
///
/// Shapes:    [b, h, s, d] -> [b, 1, s, h * d].
/// Placement: Shard(1) -> Shard(3). Partial stays, and so does what lies along dims 0 and 2.
/// Cost:      reads and writes it once.
/// Throws:    std::invalid_argument if the rank is not 4 or the head dim is sharded.
/// Source:    ttnn.experimental.nlp_concat_heads.
[[nodiscard]] mesh::Tensor nlp_concat_heads(const mesh::Tensor& input,
                                            const NlpConcatHeadsOptions& options = {});

[[nodiscard]] mesh::OpDefinition nlp_concat_heads_definition();

}  // namespace ttmesh::ops
