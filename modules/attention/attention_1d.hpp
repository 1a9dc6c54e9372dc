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

/// Attention of tokens to themselves and to a KV cache, on one chip or a line of N; heads over the
/// chips, n_heads / n_kv_heads query heads share a key head.
///
/// Queries and keys are turned as interleaved pairs: weights of checkpoints in transformers' order
/// go through `interleaved_heads` first.
/// Weights:   wqkv Shard(-1), a chip's heads side by side; wo Shard(-2), or Shard(-1) where heads
///            are gathered. Cache: Shard(1), its heads.
/// Input:     decode [1, 1, max_batch_size, dim] in `decode_input_memory`; prefill
///            [1, 1, rows, dim] in DRAM interleaved, rows of each user a multiple of 128.
///            Replicate. It is deallocated on the way.
/// Output:    [1, 1, rows, dim / N], Shard(3); on one chip whole, without any collective.
/// Source:    TTTv2's Attention1D.
class Attention1D {
 public:
  /// Throws as `resolved_1d` of the config does.
  [[nodiscard]] static Attention1D from_config(const AttentionConfig& config);

  /// Throw std::invalid_argument if an input is not what is described above.
  mesh::Tensor decode_forward(const mesh::Tensor& x, const AttentionDecodeInputs& inputs);
  mesh::Tensor prefill_forward(const mesh::Tensor& x, const AttentionPrefillInputs& inputs);

  /// The input of a forward call made on the chips, with the layout that the mode needs.
  mesh::Tensor input(const LazyWeight& x, Mode mode) const;

  /// Positions of the users as decode_forward takes them.
  mesh::Tensor current_pos(const std::vector<std::int64_t>& positions) const;
  /// A table [users, pages], given row by row, as both forward calls take it.
  mesh::Tensor page_table(const std::vector<std::int32_t>& blocks) const;

  /// Makes weights and cache on the chips, unless they are there.
  void load_device_weights();
  /// The cache. Throws std::logic_error before it is made.
  const KvCache& kv_cache() const { return attention_.kv_cache(); }

  const AttentionConfig& config() const { return config_; }

 private:
  using Project = mesh::Tensor (*)(const mesh::Tensor&, const AttentionConfig&,
                                   const ops::MatmulOptions&);

  explicit Attention1D(const AttentionConfig& config);

  AttentionConfig config_;
  AttentionShare share_;
  CachedAttention attention_;
  ops::MatmulOptions decode_qkv_;
  ops::MatmulOptions decode_wo_;
  ops::MatmulOptions prefill_qkv_;
  ops::MatmulOptions prefill_wo_;
  Project project_;
};

}  // namespace ttmesh::modules
