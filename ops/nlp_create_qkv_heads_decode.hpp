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
  std::optional<mesh::Tensor> batch_offset{};  ///< First user of the chip: one integer.
  std::optional<std::int64_t> slice_size{};    ///< Users of the chip, with batch_offset.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// Splits rows of query, key and value heads of one token of each user, or of the users of a slice.
///
/// Shapes:    [1, 1, b, (h + 2 k) * d] -> [1, u, h, d], [1, u, k, d] and [1, u, k, d]; h query
///            heads and k key heads on each chip; u = b, or slice_size of the users. batch_offset
///            is [1].
/// Placement: Shard(3) -> Shard(2): each chip's row holds its own query, key and value heads;
///            Shard(2), the users, -> Shard(1). Partial stays. Where batch_offset is Shard(0),
///            users must be Replicate and become Shard(1): each chip's slice in turn.
/// Cost:      reads what is taken and writes it once.
/// Throws:    std::invalid_argument if heads do not fill the rows, leading dims are not 1, or
///            slices do not fit. An offset that is not the chip's fails the chip: mesh::Error when
///            the values are read.
/// Source:    ttnn.experimental.nlp_create_qkv_heads_decode.
[[nodiscard]] QkvHeads nlp_create_qkv_heads_decode(const mesh::Tensor& input,
                                                   const NlpCreateQkvHeadsDecodeOptions& options);

[[nodiscard]] mesh::OpDefinition nlp_create_qkv_heads_decode_definition();

}  // namespace ttmesh::ops
