#pragma once

#include <cstdint>
#include <span>

#include "mesh/device/tensor.hpp"
#include "modules/rotary/rotary_config.hpp"
#include "modules/rotary/rotary_state.hpp"
#include "ops/rotary_embedding_llama.hpp"

namespace ttmesh::modules {

/// Cosines and sines of positions, for the rotary embedding on a mesh of R rows and C columns, both
/// above 1: users over the columns, max_batch_size / C in each.
///
/// Source:    TTTv2's RotarySetup2D, for any such mesh.
class RotarySetup2D {
 public:
  /// Throws std::invalid_argument if the mesh is a line, head_dim is not a
  /// multiple of 32, or a number of the config does not fit.
  explicit RotarySetup2D(const RotaryConfig& config);

  /// Rows of the tables for one position of each user, -1 for those who idle: [1, users / C]
  /// int32 on each chip, [Replicate, Shard(1)].
  /// Throws std::invalid_argument unless there is one for each user and the tables have it.
  mesh::Tensor position_indices(std::span<const std::int64_t> positions) const;

  /// Tables of one token of each user: [1, users / C, 1, head_dim] on each chip,
  /// [Replicate, Shard(1)]; a column's users twice with `use_qk_fused`.
  ops::RotaryEmbedding decode_forward(const mesh::Tensor& indices);
  ops::RotaryEmbedding decode_forward(std::span<const std::int64_t> positions);

  /// Tables of positions `start` to `start + length - 1` of a prompt: [1, 1, length, head_dim],
  /// Replicate. Throws std::invalid_argument if the tables lack one.
  ops::RotaryEmbedding prefill_forward(std::int64_t start, std::int64_t length);

  /// Makes the tables on the chips, unless they are there.
  void load_device_weights();

  const RotaryConfig& config() const { return state_.config(); }

 private:
  RotaryState state_;
};

}  // namespace ttmesh::modules
