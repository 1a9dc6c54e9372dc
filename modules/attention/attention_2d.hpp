#pragma once

#include <cstdint>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "modules/attention/attention_config.hpp"
#include "modules/attention/attention_inputs.hpp"
#include "modules/attention/cached_attention.hpp"
#include "modules/attention/kv_cache.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mode.hpp"
#include "ops/matmul.hpp"

namespace ttmesh::modules {

/// Attention of tokens to themselves and to a KV cache, on a mesh of R rows and C columns, both
/// above 1: heads over the rows, model dim and users over the columns, max_batch_size / C users in
/// each.
///
/// Weights:   wqkv [Shard(-1), Shard(-2)] and wo [Shard(-2), Shard(-1)], by mesh axis; a row's
///            heads side by side, as interleaved pairs (see Attention1D). Cache: [Shard(1),
///            Shard(0)], its heads and its users or their blocks.
/// Input:     decode [1, 1, max_batch_size, dim / C] in `decode_input_memory`; prefill
///            [1, 1, rows, dim / C] in DRAM interleaved, rows of each user a multiple of 128.
///            [Replicate, Shard(3)]. It is deallocated on the way. All columns work on a prompt;
///            the one that has its user keeps keys and values.
/// Output:    as the input.
/// Source:    TTTv2's Attention2D, the dataflow of its second generation, for any such mesh.
class Attention2D {
 public:
  /// Throws as `resolved_2d` of the config does.
  [[nodiscard]] static Attention2D from_config(const AttentionConfig& config);

  /// Throw std::invalid_argument if an input is not what is described above.
  mesh::Tensor decode_forward(const mesh::Tensor& x, const AttentionDecodeInputs& inputs);
  mesh::Tensor prefill_forward(const mesh::Tensor& x, const AttentionPrefillInputs& inputs);

  /// The input of a forward call made on the chips, with the layout that the mode needs.
  mesh::Tensor input(const LazyWeight& x, Mode mode) const;

  /// Positions of the users as decode_forward takes them, those of each column in turn.
  mesh::Tensor current_pos(const std::vector<std::int64_t>& positions) const;
  /// A table [users, pages], given row by row, as both forward calls take it. Blocks are
  /// those of the user's column.
  mesh::Tensor page_table(const std::vector<std::int32_t>& blocks) const;

  /// Makes weights and cache on the chips, unless they are there.
  void load_device_weights();
  /// The cache. Throws std::logic_error before it is made.
  const KvCache& kv_cache() const { return attention_.kv_cache(); }

  const AttentionConfig& config() const { return config_; }

 private:
  explicit Attention2D(const AttentionConfig& config);
  mesh::Tensor summed(const mesh::Tensor& terms, int cluster_axis) const;

  AttentionConfig config_;
  AttentionShare share_;
  CachedAttention attention_;
  ops::MatmulOptions decode_qkv_;
  ops::MatmulOptions decode_wo_;
  ops::MatmulOptions prefill_qkv_;
  ops::MatmulOptions prefill_wo_;
  mesh::Tensor first_users_;  ///< Of each column.
};

}  // namespace ttmesh::modules
