#include "ops/prompt_attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "ops/head_attention.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

// Rows of a product: queries of all heads that share a key head.
constexpr std::int64_t kRowsAtOnce = 256;
constexpr std::int64_t kFewestQueries = 32;

// Tiles of keys that `count` queries from `first` on see.
std::int64_t visible_tiles(const PromptAttention& prompt, std::int64_t first, std::int64_t count) {
  const std::int64_t begin = prompt.visible_keys(first).begin;
  const std::int64_t end = prompt.visible_keys(first + count - 1).end;
  return tiles_of(end) - begin / mesh::kTileExtent;
}

// Queries of one user from `first` on, in all heads that share a key head.
struct QueryBlock {
  std::int64_t user;
  std::int64_t key_head;
  std::int64_t first;
  std::int64_t count;
};

class Prompt {
 public:
  Prompt(const PromptAttention& prompt, const mesh::OpCall& call, const mesh::Block& queries,
         const PromptKeys& keys)
      : prompt_(prompt),
        layout_(prompt.layout),
        queries_(queries),
        first_user_(keys.first_user),
        attention_(queries.type(), keys.keys, keys.values,
                   attention_scale(layout_, call.attributes),
                   attention_truncation(layout_, call.attributes), keys.pages),
        writer_(call.outputs[0]) {
    if (keys.mask == nullptr) return;
    mask_.emplace(*keys.mask);
    mask_shape_ = keys.mask->shape();
  }

  void attend(const QueryBlock& block) {
    const std::int64_t length = layout_.query.shape[3];
    const std::int64_t width = layout_.value.shape[3];
    const std::int64_t rows = layout_.group() * block.count;
    values_.resize(static_cast<std::size_t>(rows * length));
    out_.resize(static_cast<std::size_t>(rows * width));
    visible_.clear();
    mask_at_.clear();
    for (std::int64_t i = 0; i < layout_.group(); ++i) {
      const auto at = static_cast<std::size_t>(i * block.count * length);
      queries_.read(row_of(block, i) * length,
                    std::span(values_).subspan(at, static_cast<std::size_t>(block.count * length)));
      for (std::int64_t query = block.first; query < block.first + block.count; ++query) {
        visible_.push_back(prompt_.visible_keys(query));
        if (mask_) mask_at_.push_back(mask_row(block, i, query) * layout_.key_count());
      }
    }
    attention_.attend((first_user_ + block.user) * layout_.key_head_count() + block.key_head,
                      {.values = values_,
                       .visible = visible_,
                       .mask = mask_ ? &*mask_ : nullptr,
                       .mask_at = mask_at_},
                      out_);
    for (std::int64_t i = 0; i < layout_.group(); ++i) {
      const auto at = static_cast<std::size_t>(i * block.count * width);
      writer_.write(row_of(block, i) * width,
                    std::span(out_).subspan(at, static_cast<std::size_t>(block.count * width)));
    }
  }

  mesh::Shard finish() { return writer_.finish(); }

 private:
  std::int64_t head_of(const QueryBlock& block, std::int64_t i) const {
    return block.key_head * layout_.group() + i;
  }
  // Row of the query tensor, counted through users, heads and positions.
  std::int64_t row_of(const QueryBlock& block, std::int64_t i) const {
    return (block.user * layout_.query_head_count() + head_of(block, i)) * layout_.query.shape[2] +
           block.first;
  }
  std::int64_t mask_row(const QueryBlock& block, std::int64_t i, std::int64_t query) const {
    return (block.user % mask_shape_[0] * mask_shape_[1] + head_of(block, i) % mask_shape_[1]) *
               mask_shape_[2] +
           query;
  }

  const PromptAttention& prompt_;
  const AttentionLayout& layout_;
  FloatReader queries_;
  std::optional<FloatReader> mask_;
  mesh::Shape mask_shape_;
  std::int64_t first_user_;
  HeadAttention attention_;
  RoundedWriter writer_;
  std::vector<float> values_;
  std::vector<float> out_;
  std::vector<KeyRange> visible_;
  std::vector<std::int64_t> mask_at_;
};

}  // namespace

KeyRange PromptAttention::visible_keys(std::int64_t query) const {
  if (!is_causal) return {0, layout.key_count()};
  const std::int64_t end = chunk_start_idx + query + 1;
  return {window == 0 ? 0 : std::max<std::int64_t>(0, end - window), end};
}

PromptAttention prompt_attention(const AttentionLayout& layout,
                                 const mesh::Attributes& attributes) {
  const PromptAttention prompt{.layout = layout,
                               .is_causal = attributes.flag("is_causal"),
                               .chunk_start_idx = attributes.integer("chunk_start_idx"),
                               .window = sliding_window(attributes),
                               .q_chunk_size = attributes.integer("q_chunk_size")};
  if (attributes.has("sliding_window_size") && (!prompt.is_causal || prompt.window < 1)) {
    throw std::invalid_argument(
        fmt::format("[{}] sliding_window_size is {}{}, needs at least 1, and is_causal", layout.op,
                    prompt.window, prompt.is_causal ? "" : " without is_causal"));
  }
  if (prompt.q_chunk_size < 1) {
    throw std::invalid_argument(
        fmt::format("[{}] q_chunk_size is {}, needs at least 1", layout.op, prompt.q_chunk_size));
  }
  const std::int64_t first = prompt.chunk_start_idx;
  const std::int64_t queries = layout.query.shape[2];
  const std::int64_t keys = layout.key_count();
  if (first < 0 || (!prompt.is_causal && first != 0) ||
      (prompt.is_causal && first + queries > keys)) {
    throw std::invalid_argument(fmt::format(
        "[{}] {} queries from chunk_start_idx {} on and {} keys{}, needs a key for each query's "
        "position",
        layout.op, queries, first, keys, prompt.is_causal ? "" : " without is_causal"));
  }
  return prompt;
}

sim::Work prompt_cost(const PromptAttention& prompt, const mesh::OpCall& call,
                      std::span<const mesh::TensorSpec> once) {
  const AttentionLayout& layout = prompt.layout;
  const std::int64_t heads = layout.users() * layout.query_head_count();
  const std::int64_t queries = layout.query.shape[2];
  const auto over_chunks = [&](std::int64_t chunk) {
    std::int64_t tiles = 0;
    for (std::int64_t first = 0; first < queries; first += chunk) {
      tiles += visible_tiles(prompt, first, std::min(chunk, queries - first));
    }
    return heads * tiles;
  };
  sim::StreamWork work = stream_work(once, call.outputs, over_chunks(mesh::kTileExtent),
                                     attention_cycles_per_tile(layout, call.attributes));
  const bool in_dram = layout.key.memory.buffer == mesh::BufferType::Dram;
  (in_dram ? work.dram_bytes : work.l1_bytes) +=
      over_chunks(prompt.q_chunk_size) * key_tile_bytes(layout);
  return work;
}

mesh::Shard attended(const PromptAttention& prompt, const mesh::OpCall& call,
                     const mesh::Block& queries, const PromptKeys& keys) {
  const AttentionLayout& layout = prompt.layout;
  const std::int64_t at_once = std::max(kFewestQueries, kRowsAtOnce / layout.group());
  const std::int64_t count = layout.query.shape[2];
  Prompt rows(prompt, call, queries, keys);
  for (std::int64_t user = 0; user < layout.users(); ++user) {
    for (std::int64_t head = 0; head < layout.key_head_count(); ++head) {
      for (std::int64_t first = 0; first < count; first += at_once) {
        rows.attend({.user = user,
                     .key_head = head,
                     .first = first,
                     .count = std::min(at_once, count - first)});
      }
    }
  }
  return rows.finish();
}

}  // namespace ttmesh::ops
