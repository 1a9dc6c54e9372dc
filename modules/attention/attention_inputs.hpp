#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "ops/rotary_embedding_llama.hpp"

namespace ttmesh::modules {

/// What a decode needs beside the tokens' activations. On a grid the users of all tensors lie over
/// the columns.
struct AttentionDecodeInputs {
  mesh::Tensor current_pos;                  ///< int32 [users]: where each token belongs; -1 idles.
  ops::RotaryEmbedding rot_mats;             ///< From a rotary setup's decode_forward.
  std::optional<mesh::Tensor> page_table{};  ///< [users, pages] of a paged cache.
  /// Latest of the positions, for the time that attention takes, which is the same with and without
  /// values; the cache's last if unset.
  std::optional<std::int64_t> longest_cur_pos{};
};

/// What a prefill needs beside the activations of the prompt.
struct AttentionPrefillInputs {
  ops::RotaryEmbedding rot_mats;  ///< From a rotary setup's prefill_forward.
  std::vector<int> users{0};  ///< Whose prompts they are, one after another in the rows; counted
                              ///< over the whole mesh.
  std::optional<mesh::Tensor> page_table{};  ///< [users of the cache, pages] of a paged cache.
  /// Set for a chunk of a long prompt: its first position, in whole blocks of a paged cache that
  /// holds what came before.
  std::optional<std::int64_t> chunk_start_idx{};
  /// Pages of the chunk alone, [users of the cache, pages]; cut out of page_table if unset.
  std::optional<mesh::Tensor> chunk_page_table{};
};

}  // namespace ttmesh::modules
