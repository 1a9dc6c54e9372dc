#include "ops/scaled_dot_product_attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/attention_layout.hpp"
#include "ops/head_attention.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

constexpr const char* kOp = "scaled_dot_product_attention";

// Rows of a product: queries of all heads that share a key head.
constexpr std::int64_t kRowsAtOnce = 256;
constexpr std::int64_t kFewestQueries = 32;

AttentionLayout layout_of(const mesh::OpCall& call) {
  return {.op = kOp,
          .query = call.inputs[0],
          .key = call.inputs[1],
          .value = call.inputs[2],
          .query_users = 0,
          .query_heads = 1,
          .mask_users = 0,
          .mask_heads = 1};
}

void require_options(const mesh::OpCall& call) {
  const auto& attributes = call.attributes;
  const bool is_causal = attributes.flag("is_causal");
  const std::int64_t first = attributes.integer("chunk_start_idx");
  if (is_causal && call.inputs.size() > 3) {
    throw std::invalid_argument(
        fmt::format("[{}] attn_mask with is_causal, needs one of them", kOp));
  }
  if (attributes.has("sliding_window_size") && (!is_causal || sliding_window(attributes) < 1)) {
    throw std::invalid_argument(
        fmt::format("[{}] sliding_window_size is {}{}, needs at least 1, and is_causal", kOp,
                    sliding_window(attributes), is_causal ? "" : " without is_causal"));
  }
  if (attributes.integer("q_chunk_size") < 1) {
    throw std::invalid_argument(fmt::format("[{}] q_chunk_size is {}, needs at least 1", kOp,
                                            attributes.integer("q_chunk_size")));
  }
  const std::int64_t queries = call.inputs[0].shape[2];
  const std::int64_t keys = call.inputs[1].shape[2];
  if (first < 0 || (!is_causal && first != 0) || (is_causal && first + queries > keys)) {
    throw std::invalid_argument(fmt::format(
        "[{}] {} queries from chunk_start_idx {} on and {} keys{}, needs a key for each query's "
        "position",
        kOp, queries, first, keys, is_causal ? "" : " without is_causal"));
  }
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const AttentionLayout layout = layout_of(call);
  require_attention(layout);
  require_options(call);
  if (call.inputs.size() > 3) {
    require_mask(layout, call.inputs[3]);
    if (call.inputs[3].shape[2] != layout.query.shape[2]) {
      throw std::invalid_argument(fmt::format("[{}] attn_mask is {}, needs {} queries in dim 2",
                                              kOp, to_string(call.inputs[3].shape),
                                              layout.query.shape[2]));
    }
  }
  TensorSpec out = layout.query;
  out.shape = out.shape.with(3, layout.value.shape[3]);
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  mesh::validate(out);
  return {out};
}

// Keys that query `query` sees.
KeyRange visible_keys(const mesh::OpCall& call, std::int64_t query) {
  const auto& attributes = call.attributes;
  if (!attributes.flag("is_causal")) return {0, call.inputs[1].shape[2]};
  const std::int64_t end = attributes.integer("chunk_start_idx") + query + 1;
  const std::int64_t window = sliding_window(attributes);
  return {window == 0 ? 0 : std::max<std::int64_t>(0, end - window), end};
}

// Tiles of keys that `count` queries from `first` on see.
std::int64_t visible_tiles(const mesh::OpCall& call, std::int64_t first, std::int64_t count) {
  const std::int64_t begin = visible_keys(call, first).begin;
  const std::int64_t end = visible_keys(call, first + count - 1).end;
  return tiles_of(end) - begin / mesh::kTileExtent;
}

sim::Work cost(const mesh::OpCall& call) {
  const AttentionLayout layout = layout_of(call);
  const std::int64_t heads = layout.users() * layout.query_head_count();
  const std::int64_t queries = layout.query.shape[2];
  const auto over_chunks = [&](std::int64_t chunk) {
    std::int64_t tiles = 0;
    for (std::int64_t first = 0; first < queries; first += chunk) {
      tiles += visible_tiles(call, first, std::min(chunk, queries - first));
    }
    return heads * tiles;
  };
  std::vector<TensorSpec> once{layout.query};
  if (call.inputs.size() > 3) once.push_back(call.inputs[3]);
  sim::StreamWork work = stream_work(once, call.outputs, over_chunks(mesh::kTileExtent),
                                     attention_cycles_per_tile(layout, call.attributes));
  const bool in_dram = layout.key.memory.buffer == mesh::BufferType::Dram;
  (in_dram ? work.dram_bytes : work.l1_bytes) +=
      over_chunks(call.attributes.integer("q_chunk_size")) * key_tile_bytes(layout);
  return work;
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
  explicit Prompt(const mesh::OpRun& run)
      : call_(run.call),
        layout_(layout_of(run.call)),
        queries_(run.inputs[0].block()),
        attention_(run.inputs[0].block().type(), run.inputs[1].block(), run.inputs[2].block(),
                   attention_scale(layout_, run.call.attributes)),
        writer_(run.call.outputs[0]) {
    if (run.inputs.size() > 3) mask_.emplace(run.inputs[3].block());
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
        visible_.push_back(visible_keys(call_, query));
        if (mask_) mask_at_.push_back(mask_row(block, i, query) * layout_.key.shape[2]);
      }
    }
    attention_.attend(block.user * layout_.key_head_count() + block.key_head,
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
    const Shape& mask = call_.inputs[3].shape;
    return (block.user % mask[0] * mask[1] + head_of(block, i) % mask[1]) * mask[2] + query;
  }

  const mesh::OpCall& call_;
  AttentionLayout layout_;
  FloatReader queries_;
  std::optional<FloatReader> mask_;
  HeadAttention attention_;
  RoundedWriter writer_;
  std::vector<float> values_;
  std::vector<float> out_;
  std::vector<KeyRange> visible_;
  std::vector<std::int64_t> mask_at_;
};

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const AttentionLayout layout = layout_of(run.call);
  const std::int64_t at_once = std::max(kFewestQueries, kRowsAtOnce / layout.group());
  const std::int64_t queries = layout.query.shape[2];
  Prompt prompt(run);
  for (std::int64_t user = 0; user < layout.users(); ++user) {
    for (std::int64_t head = 0; head < layout.key_head_count(); ++head) {
      for (std::int64_t first = 0; first < queries; first += at_once) {
        prompt.attend({.user = user,
                       .key_head = head,
                       .first = first,
                       .count = std::min(at_once, queries - first)});
      }
    }
  }
  return {prompt.finish()};
}

}  // namespace

mesh::OpDefinition scaled_dot_product_attention_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor scaled_dot_product_attention(const Qkv& qkv,
                                          const ScaledDotProductAttentionOptions& options) {
  mesh::Attributes attributes{{"is_causal", options.is_causal},
                              {"chunk_start_idx", options.chunk_start_idx},
                              {"q_chunk_size", options.q_chunk_size},
                              {"fidelity", std::string(sim::name(options.fidelity))},
                              {"memory", to_string(options.memory.value_or(qkv.query.memory()))}};
  if (options.scale) attributes.set("scale", *options.scale);
  if (options.sliding_window_size) {
    attributes.set("sliding_window_size", *options.sliding_window_size);
  }
  std::vector<mesh::Tensor> inputs{qkv.query, qkv.key, qkv.value};
  if (options.attn_mask) inputs.push_back(*options.attn_mask);
  return qkv.query.device().enqueue(kOp, inputs, std::move(attributes)).front();
}

}  // namespace ttmesh::ops
