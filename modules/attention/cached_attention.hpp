#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/tensor.hpp"
#include "modules/attention/attention_config.hpp"
#include "modules/attention/attention_inputs.hpp"
#include "modules/attention/kv_cache.hpp"
#include "ops/nlp_create_qkv_heads.hpp"

namespace ttmesh::modules {

/// Rows of a product with wqkv, and of one with wo: longer prompts are folded.
/// Source: TTTv2's Attention1D.
constexpr std::int64_t kMaxQkvRows = 2048;
constexpr std::int64_t kMaxWoRows = 1024;

/// What a chip does with its heads and its users, the same on a line and on a grid: norms, rotary
/// embedding, KV cache, attention. All inputs are deallocated on the way.
class CachedAttention {
 public:
  /// `config` is resolved.
  CachedAttention(const char* module, const AttentionConfig& config);

  /// Makes norms and cache on the chips, unless they are there.
  void load();
  /// Throws std::logic_error before `load`.
  const KvCache& kv_cache() const;

  /// Throw std::invalid_argument, beginning with the module, if something is missing or does not go
  /// with the config. `rows` are those of the prompts together; returns the rows of each prompt.
  void require(const AttentionDecodeInputs& inputs, std::int64_t rows) const;
  std::int64_t require(const AttentionPrefillInputs& inputs, std::int64_t rows) const;

  /// One token of each user: heads [1, users, h, head_dim] -> [1, users, h, head_dim].
  mesh::Tensor decode(ops::QkvHeads heads, const AttentionDecodeInputs& inputs) const;

  /// Prompts of `inputs.users`: heads [b, h, s, head_dim] -> [b, h, s, head_dim]. A chunk of a user
  /// whom only some chips have is Partial along the axis that users lie over.
  mesh::Tensor prefill(ops::QkvHeads heads, const AttentionPrefillInputs& inputs) const;

 private:
  void require_pages(const std::optional<mesh::Tensor>& page_table) const;
  mesh::Tensor normed(const mesh::Tensor& heads, const std::optional<LazyWeight>& weight) const;
  mesh::Tensor turned(const mesh::Tensor& heads, const ops::RotaryEmbedding& rot_mats) const;
  void fill(const KvCache& prompt, const AttentionPrefillInputs& inputs) const;
  mesh::Tensor attend_chunk(const mesh::Tensor& query, const AttentionPrefillInputs& inputs) const;

  const char* module_;
  AttentionConfig config_;
  std::optional<KvCache> cache_;
};

}  // namespace ttmesh::modules
