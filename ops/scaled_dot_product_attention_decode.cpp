#include "ops/scaled_dot_product_attention_decode.hpp"

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
#include "ops/integer_values.hpp"
#include "ops/pages.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Placement;
using mesh::Shape;
using mesh::TensorSpec;
using Positions = std::vector<std::int64_t>;

constexpr const char* kOp = "scaled_dot_product_attention_decode";
constexpr const char* kPagedOp = "paged_scaled_dot_product_attention_decode";

// Inputs after query, key and value: page table, positions and mask, as far as there are such.
constexpr std::size_t kFirstOptional = 3;
bool is_paged(const mesh::OpCall& call) { return call.attributes.has("page_table"); }

AttentionLayout layout_of(const mesh::OpCall& call) {
  return {.op = is_paged(call) ? kPagedOp : kOp,
          .query = call.inputs[0],
          .key = call.inputs[1],
          .value = call.inputs[2],
          .query_users = 1,
          .query_heads = 2,
          .mask_users = 0,
          .mask_heads = 2,
          .page_table = is_paged(call) ? &call.inputs[kFirstOptional] : nullptr};
}

bool has_positions(const mesh::OpCall& call) { return call.attributes.flag("cur_pos_tensor"); }
bool has_mask(const mesh::OpCall& call) { return call.attributes.flag("attn_mask"); }
std::size_t positions_index(const mesh::OpCall& call) {
  return kFirstOptional + (is_paged(call) ? 1 : 0);
}
std::size_t mask_index(const mesh::OpCall& call) {
  return positions_index(call) + (has_positions(call) ? 1 : 0);
}

template <typename Failure>
void require_positions_within(const AttentionLayout& layout, const Positions& positions) {
  const std::int64_t keys = layout.key_count();
  for (std::size_t user = 0; user < positions.size(); ++user) {
    if (positions[user] >= -1 && positions[user] < keys) continue;
    throw Failure(fmt::format("[{}] position {} of user {}, needs -1 (idle) or one of the {} keys",
                              layout.op, positions[user], user, keys));
  }
}

void require_position_tensor(const AttentionLayout& layout, const TensorSpec& positions) {
  require_one_mesh(layout.op, {"query", layout.query}, {"cur_pos_tensor", positions});
  require_integers(layout.op, {"cur_pos_tensor", positions});
  require_paid(layout.op, {"cur_pos_tensor", positions});
  if (positions.shape != Shape{layout.users()}) {
    throw std::invalid_argument(
        fmt::format("[{}] cur_pos_tensor is {}, needs [{}]: one position "
                    "for each user",
                    layout.op, to_string(positions.shape), layout.users()));
  }
  for (const int axis : {0, 1}) {
    const Placement of_query = mesh::normalised(layout.query.distribution).along(axis);
    const Placement found = mesh::normalised(positions.distribution).along(axis);
    const Placement needed =
        of_query == mesh::shard(layout.query_users) ? mesh::shard(0) : mesh::replicate();
    if (found == needed) continue;
    throw std::invalid_argument(
        fmt::format("[{}] cur_pos_tensor is {} along cluster_axis {} and query is {}, needs {}",
                    layout.op, to_string(found), axis, to_string(of_query), to_string(needed)));
  }
}

void require_position_list(const AttentionLayout& layout, const Positions& positions) {
  for (const int axis : {0, 1}) {
    if (mesh::normalised(layout.query.distribution).along(axis) ==
        mesh::shard(layout.query_users)) {
      throw std::invalid_argument(
          fmt::format("[{}] cur_pos is a list and query is Shard({}), its users, along "
                      "cluster_axis {}; needs cur_pos_tensor, sharded likewise",
                      layout.op, layout.query_users, axis));
    }
  }
  if (static_cast<std::int64_t>(positions.size()) != layout.users()) {
    throw std::invalid_argument(
        fmt::format("[{}] cur_pos has {} positions, needs one for each of "
                    "{} users",
                    layout.op, positions.size(), layout.users()));
  }
  require_positions_within<std::invalid_argument>(layout, positions);
}

void require_options(const AttentionLayout& layout, const mesh::OpCall& call) {
  const auto& attributes = call.attributes;
  const Positions& listed = attributes.integers("cur_pos");
  const bool is_causal = attributes.flag("is_causal");
  const int given = (has_positions(call) ? 1 : 0) + (listed.empty() ? 0 : 1);
  if (given != (is_causal ? 1 : 0)) {
    throw std::invalid_argument(
        fmt::format("[{}] {} of cur_pos and cur_pos_tensor {} is_causal, needs {}", layout.op,
                    given, is_causal ? "with" : "without", is_causal ? "one of them" : "neither"));
  }
  if (is_causal && has_mask(call)) {
    throw std::invalid_argument(
        fmt::format("[{}] attn_mask with is_causal, needs one of them", layout.op));
  }
  if (attributes.has("sliding_window_size") && (!is_causal || sliding_window(attributes) < 1)) {
    throw std::invalid_argument(
        fmt::format("[{}] sliding_window_size is {}{}, needs at least 1, and is_causal", layout.op,
                    sliding_window(attributes), is_causal ? "" : " without is_causal"));
  }
  if (has_positions(call)) require_position_tensor(layout, call.inputs[positions_index(call)]);
  if (!listed.empty()) require_position_list(layout, listed);
  if (attributes.has("longest_cur_pos")) {
    require_positions_within<std::invalid_argument>(layout,
                                                    {attributes.integer("longest_cur_pos")});
  }
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const AttentionLayout layout = layout_of(call);
  require_attention(layout);
  if (layout.query.shape[0] != 1) {
    throw std::invalid_argument(fmt::format("[{}] query is {}, needs [1, users, heads, head dim]",
                                            layout.op, to_string(layout.query.shape)));
  }
  require_options(layout, call);
  if (has_mask(call)) {
    const TensorSpec& mask = call.inputs[mask_index(call)];
    require_mask(layout, mask);
    if (mask.shape[1] != 1) {
      throw std::invalid_argument(fmt::format("[{}] attn_mask is {}, needs extent 1 in dim 1",
                                              layout.op, to_string(mask.shape)));
    }
  }
  TensorSpec out = layout.query;
  out.shape = out.shape.with(3, layout.value.shape[3]);
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  mesh::validate(out);
  return {out};
}

// Keys that a user at `position` sees.
KeyRange visible_keys(const mesh::OpCall& call, std::int64_t position) {
  if (!call.attributes.flag("is_causal")) return {0, layout_of(call).key_count()};
  const std::int64_t end = position + 1;
  const std::int64_t window = sliding_window(call.attributes);
  return {window == 0 ? 0 : std::max<std::int64_t>(0, end - window), end};
}

// Positions as far as they are known before the values are.
Positions expected_positions(const mesh::OpCall& call) {
  const Positions& listed = call.attributes.integers("cur_pos");
  if (!listed.empty()) return listed;
  const AttentionLayout layout = layout_of(call);
  const std::int64_t longest = call.attributes.has("longest_cur_pos")
                                   ? call.attributes.integer("longest_cur_pos")
                                   : layout.key_count() - 1;
  return Positions(static_cast<std::size_t>(layout.users()), longest);
}

sim::Work cost(const mesh::OpCall& call) {
  const AttentionLayout layout = layout_of(call);
  std::int64_t key_tiles = 0;
  for (const std::int64_t position : expected_positions(call)) {
    const auto [begin, end] = visible_keys(call, position);
    key_tiles += tiles_of(end) - begin / mesh::kTileExtent;
  }
  key_tiles *= layout.key_head_count();
  std::vector<TensorSpec> once{layout.query};
  once.insert(once.end(), call.inputs.begin() + kFirstOptional, call.inputs.end());
  sim::StreamWork work = stream_work(once, call.outputs, key_tiles * tiles_of(layout.group()),
                                     attention_cycles_per_tile(layout, call.attributes));
  const bool in_dram = layout.key.memory.buffer == mesh::BufferType::Dram;
  (in_dram ? work.dram_bytes : work.l1_bytes) += key_tiles * key_tile_bytes(layout);
  return work;
}

Positions positions_of(const mesh::OpRun& run) {
  if (!has_positions(run.call)) return expected_positions(run.call);
  Positions positions = integer_values(run.inputs[positions_index(run.call)].block());
  require_positions_within<std::out_of_range>(layout_of(run.call), positions);
  return positions;
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const AttentionLayout layout = layout_of(run.call);
  const std::int64_t group = layout.group();
  const std::int64_t length = layout.query.shape[3];
  const std::int64_t width = layout.value.shape[3];
  const Positions positions = positions_of(run);
  std::optional<Pages> pages;
  if (is_paged(run.call)) pages.emplace(layout.key, run.inputs[kFirstOptional].block());
  const FloatReader queries(run.inputs[0].block());
  std::optional<FloatReader> mask;
  if (has_mask(run.call)) mask.emplace(run.inputs[mask_index(run.call)].block());
  HeadAttention attention(run.inputs[0].block().type(), run.inputs[1].block(),
                          run.inputs[2].block(), attention_scale(layout, run.call.attributes),
                          attention_truncation(layout, run.call.attributes),
                          pages ? &*pages : nullptr);
  RoundedWriter writer(run.call.outputs[0]);
  std::vector<float> values(static_cast<std::size_t>(group * length));
  std::vector<float> out(static_cast<std::size_t>(group * width));
  std::vector<std::int64_t> mask_at(mask ? static_cast<std::size_t>(group) : 0);
  for (std::int64_t user = 0; user < layout.users(); ++user) {
    const std::vector<KeyRange> visible(
        static_cast<std::size_t>(group),
        visible_keys(run.call, positions[static_cast<std::size_t>(user)]));
    for (std::int64_t head = 0; head < layout.key_head_count(); ++head) {
      const std::int64_t first = user * layout.query_head_count() + head * group;
      queries.read(first * length, values);
      for (std::size_t i = 0; i < mask_at.size(); ++i) {
        const Shape& shape = run.call.inputs[mask_index(run.call)].shape;
        const std::int64_t of_head = head * group + static_cast<std::int64_t>(i);
        mask_at[i] = (user % shape[0] * shape[2] + of_head % shape[2]) * layout.key_count();
      }
      attention.attend(user * layout.key_head_count() + head,
                       {.values = values,
                        .visible = visible,
                        .mask = mask ? &*mask : nullptr,
                        .mask_at = mask_at},
                       out);
      writer.write(first * width, out);
    }
  }
  return {writer.finish()};
}

mesh::OpDefinition definition_of_both() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor enqueue(const Qkv& qkv, const std::optional<mesh::Tensor>& page_table,
                     const ScaledDotProductAttentionDecodeOptions& options) {
  mesh::Attributes attributes{{"is_causal", options.is_causal},
                              {"cur_pos", options.cur_pos},
                              {"cur_pos_tensor", options.cur_pos_tensor.has_value()},
                              {"attn_mask", options.attn_mask.has_value()},
                              {"fidelity", std::string(sim::name(options.fidelity))},
                              {"memory", to_string(options.memory.value_or(qkv.query.memory()))}};
  if (options.longest_cur_pos) attributes.set("longest_cur_pos", *options.longest_cur_pos);
  if (options.scale) attributes.set("scale", *options.scale);
  if (options.sliding_window_size) {
    attributes.set("sliding_window_size", *options.sliding_window_size);
  }
  if (page_table) attributes.set("page_table", true);
  std::vector<mesh::Tensor> inputs{qkv.query, qkv.key, qkv.value};
  for (const auto& optional : {page_table, options.cur_pos_tensor, options.attn_mask}) {
    if (optional) inputs.push_back(*optional);
  }
  return qkv.query.device()
      .enqueue(page_table ? kPagedOp : kOp, inputs, std::move(attributes))
      .front();
}

}  // namespace

mesh::OpDefinition scaled_dot_product_attention_decode_definition() { return definition_of_both(); }

mesh::OpDefinition paged_scaled_dot_product_attention_decode_definition() {
  return definition_of_both();
}

mesh::Tensor scaled_dot_product_attention_decode(
    const Qkv& qkv, const ScaledDotProductAttentionDecodeOptions& options) {
  return enqueue(qkv, std::nullopt, options);
}

mesh::Tensor paged_scaled_dot_product_attention_decode(
    const Qkv& qkv, const mesh::Tensor& page_table,
    const ScaledDotProductAttentionDecodeOptions& options) {
  return enqueue(qkv, page_table, options);
}

}  // namespace ttmesh::ops
