#include "modules/attention/cached_attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "modules/attention/attention_rules.hpp"
#include "modules/attention/attention_tensors.hpp"
#include "ops/chunked_scaled_dot_product_attention.hpp"
#include "ops/deallocate.hpp"
#include "ops/kv_cache.hpp"
#include "ops/rms_norm.hpp"
#include "ops/rotary_embedding_llama_fused_qk.hpp"
#include "ops/scaled_dot_product_attention.hpp"
#include "ops/scaled_dot_product_attention_decode.hpp"
#include "ops/slice.hpp"
#include "ops/to_memory_config.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

// Queries that share a reading of the keys. Source: TTTv2's Attention1D.
constexpr std::int64_t kLongPrompt = 2048;
constexpr std::int64_t kLongChunk = 256;
constexpr std::int64_t kShortChunk = 64;
constexpr std::int64_t kPromptUnit = 128;

std::int64_t q_chunk_size(std::int64_t length, std::int64_t start) {
  const std::int64_t size = length >= kLongPrompt ? kLongChunk : kShortChunk;
  return start == 0 ? size : std::min(size, start & -start);
}

void require_rotation(const char* module, const ops::RotaryEmbedding& rot_mats) {
  if (rot_mats.cos && rot_mats.sin && rot_mats.transformation_matrix) return;
  refuse(module, "rot_mats are empty, needs those of a rotary setup");
}

// Rows of one user of several.
Tensor of_user(const Tensor& prompts, std::int64_t index) {
  const mesh::Shape& shape = prompts.shape();
  if (shape[0] == 1) return prompts;
  return ops::slice(prompts,
                    {.begin = {index, 0, 0, 0}, .end = {index + 1, shape[1], shape[2], shape[3]}});
}

}  // namespace

CachedAttention::CachedAttention(const char* module, const AttentionConfig& config)
    : module_(module), config_(config), cache_(config.kv_cache) {}

void CachedAttention::load() {
  for (const auto& norm : {config_.q_norm, config_.k_norm}) {
    if (norm) (void)norm->get_device_weight();
  }
  if (!cache_) cache_ = make_kv_cache(*config_.device, kv_cache_spec(config_));
}

const KvCache& CachedAttention::kv_cache() const {
  if (!cache_) {
    throw std::logic_error(
        fmt::format("[{}] the cache is not made yet, load weights first", module_));
  }
  return *cache_;
}

void CachedAttention::require(const AttentionDecodeInputs& inputs, std::int64_t rows) const {
  if (!inputs.current_pos) refuse(module_, "current_pos is empty, needs a position for each user");
  require_rotation(module_, inputs.rot_mats);
  require_pages(inputs.page_table);
  if (rows != *config_.max_batch_size) {
    refuse(module_, fmt::format("the input has {} rows, needs one for each of the {} users of "
                                "max_batch_size; those who idle have position -1",
                                rows, *config_.max_batch_size));
  }
}

std::int64_t CachedAttention::require(const AttentionPrefillInputs& inputs,
                                      std::int64_t rows) const {
  require_rotation(module_, inputs.rot_mats);
  require_pages(inputs.page_table);
  const auto prompts = static_cast<std::int64_t>(inputs.users.size());
  if (prompts == 0 || rows % prompts != 0) {
    refuse(module_, fmt::format("{} rows of {} users, needs a user, and as many rows of each", rows,
                                prompts));
  }
  const std::int64_t length = rows / prompts;
  if (length % kPromptUnit != 0) {
    refuse(module_, fmt::format("the sequence length is {}, needs a multiple of {}: pad the prompt",
                                length, kPromptUnit));
  }
  if (rows > kMaxQkvRows && rows % kMaxQkvRows != 0) {
    refuse(module_, fmt::format("the sequence length is {}, needs a multiple of {} above it", rows,
                                kMaxQkvRows));
  }
  for (const int user : inputs.users) {
    if (user >= 0 && user < *config_.max_batch_size) continue;
    refuse(module_,
           fmt::format("there is no user {}, max_batch_size is {}", user, *config_.max_batch_size));
  }
  if (!inputs.chunk_start_idx && !inputs.chunk_page_table) return length;
  if (!config_.paged_attention || !inputs.chunk_start_idx) {
    refuse(module_, "a chunk needs a paged cache and chunk_start_idx");
  }
  const std::int64_t block = config_.paged_attention->block_size;
  if (*inputs.chunk_start_idx < 0 || *inputs.chunk_start_idx % block != 0 || prompts != 1) {
    refuse(module_, fmt::format("chunk_start_idx is {} with {} users, needs a multiple of "
                                "block_size {} and one user",
                                *inputs.chunk_start_idx, prompts, block));
  }
  return length;
}

void CachedAttention::require_pages(const std::optional<Tensor>& page_table) const {
  if (page_table.has_value() == config_.paged_attention.has_value()) return;
  refuse(module_, page_table ? "a page_table with a contiguous cache, needs paged_attention in the "
                               "config"
                             : "the cache is paged, needs a page_table");
}

Tensor CachedAttention::normed(const Tensor& heads, const std::optional<LazyWeight>& weight) const {
  if (!weight) return heads;
  const mesh::MemoryConfig memory = heads.memory();
  const Tensor rows = memory.buffer == mesh::BufferType::L1
                          ? ops::to_memory_config(heads, mesh::kL1Interleaved)
                          : heads;
  Tensor result =
      ops::rms_norm(rows, {.epsilon = config_.norm_epsilon, .weight = weight->get_device_weight()});
  ops::deallocate(rows);
  if (heads.is_allocated()) ops::deallocate(heads);
  return ops::to_memory_config(result, memory);
}

Tensor CachedAttention::turned(const Tensor& heads, const ops::RotaryEmbedding& rot_mats) const {
  const Tensor input = recast(heads, *config_.activation_dtype);
  Tensor result = ops::rotary_embedding_llama(input, rot_mats);
  ops::deallocate(input);
  return result;
}

Tensor CachedAttention::decode(ops::QkvHeads heads, const AttentionDecodeInputs& inputs) const {
  heads.query = normed(heads.query, config_.q_norm);
  heads.key = normed(heads.key, config_.k_norm);
  ops::RotatedQk turned;
  if (config_.use_qk_fused) {
    turned = ops::rotary_embedding_llama_fused_qk(heads.query, heads.key, inputs.rot_mats);
  } else {
    turned.query =
        ops::rotary_embedding_llama(heads.query, inputs.rot_mats, {.is_decode_mode = true});
    turned.key = ops::rotary_embedding_llama(heads.key, inputs.rot_mats, {.is_decode_mode = true});
  }
  ops::deallocate(heads.query);
  ops::deallocate(heads.key);
  const KvCache& cache = kv_cache();
  ops::paged_update_cache(cache.keys, turned.key, inputs.current_pos, inputs.page_table);
  ops::deallocate(turned.key);
  ops::paged_update_cache(cache.values, heads.value, inputs.current_pos, inputs.page_table);
  ops::deallocate(heads.value);
  const ops::Qkv qkv{.query = turned.query, .key = cache.keys, .value = cache.values};
  const ops::ScaledDotProductAttentionDecodeOptions options{
      .cur_pos_tensor = inputs.current_pos,
      .longest_cur_pos = inputs.longest_cur_pos,
      .scale = config_.scale,
      .sliding_window_size = config_.sliding_window,
      .fidelity = *config_.fidelity,
      .memory = mesh::kDramInterleaved};
  Tensor attended = inputs.page_table ? ops::paged_scaled_dot_product_attention_decode(
                                            qkv, *inputs.page_table, options)
                                      : ops::scaled_dot_product_attention_decode(qkv, options);
  ops::deallocate(turned.query);
  return attended;
}

void CachedAttention::fill(const KvCache& prompt, const AttentionPrefillInputs& inputs) const {
  const KvCache& cache = kv_cache();
  std::optional<Tensor> pages =
      inputs.chunk_page_table ? inputs.chunk_page_table : inputs.page_table;
  if (inputs.chunk_start_idx && !inputs.chunk_page_table) {
    const std::int64_t block = cache.keys.shape()[2];
    const std::int64_t first = *inputs.chunk_start_idx / block;
    const std::int64_t count = (prompt.keys.shape()[2] + block - 1) / block;
    pages = ops::slice(*inputs.page_table,
                       {.begin = {0, first}, .end = {pages->shape()[0], first + count}});
  }
  for (std::size_t i = 0; i < inputs.users.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    const Tensor keys = of_user(prompt.keys, index);
    const Tensor values = of_user(prompt.values, index);
    if (pages) {
      ops::paged_fill_cache(cache.keys, keys, *pages, inputs.users[i]);
      ops::paged_fill_cache(cache.values, values, *pages, inputs.users[i]);
    } else {
      ops::fill_cache(cache.keys, keys, inputs.users[i]);
      ops::fill_cache(cache.values, values, inputs.users[i]);
    }
  }
}

Tensor CachedAttention::attend_chunk(const Tensor& query,
                                     const AttentionPrefillInputs& inputs) const {
  const std::int64_t start = *inputs.chunk_start_idx;
  return ops::chunked_scaled_dot_product_attention(
      {.query = query, .key = kv_cache().keys, .value = kv_cache().values}, *inputs.page_table,
      {.chunk_start_idx = start,
       .user = inputs.users.front(),
       .scale = config_.scale,
       .q_chunk_size = q_chunk_size(query.shape()[2], start),
       .fidelity = *config_.sdpa_prefill_fidelity});
}

Tensor CachedAttention::prefill(ops::QkvHeads heads, const AttentionPrefillInputs& inputs) const {
  heads.query = turned(normed(heads.query, config_.q_norm), inputs.rot_mats);
  heads.key = turned(normed(heads.key, config_.k_norm), inputs.rot_mats);
  const KvCache prompt{.keys = recast(heads.key, kv_cache().keys.dtype()),
                       .values = recast(heads.value, kv_cache().values.dtype())};
  fill(prompt, inputs);
  Tensor attended = inputs.chunk_start_idx
                        ? attend_chunk(heads.query, inputs)
                        : ops::scaled_dot_product_attention(
                              {.query = heads.query, .key = prompt.keys, .value = prompt.values},
                              {.scale = config_.scale,
                               .sliding_window_size = config_.sliding_window,
                               .q_chunk_size = q_chunk_size(heads.query.shape()[2], 0),
                               .fidelity = *config_.sdpa_prefill_fidelity});
  ops::deallocate(heads.query);
  ops::deallocate(prompt.keys);
  ops::deallocate(prompt.values);
  return attended;
}

}  // namespace ttmesh::modules
