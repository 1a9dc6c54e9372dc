#include "ops/chunked_scaled_dot_product_attention.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/attention_layout.hpp"
#include "ops/held_values.hpp"
#include "ops/prompt_attention.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

constexpr const char* kOp = "chunked_scaled_dot_product_attention";

bool is_one_user(const mesh::OpCall& call) { return call.attributes.has("user"); }

AttentionLayout layout_of(const mesh::OpCall& call) {
  return {.op = kOp,
          .query = call.inputs[0],
          .key = call.inputs[1],
          .value = call.inputs[2],
          .query_users = 0,
          .query_heads = 1,
          .mask_users = 0,
          .mask_heads = 1,
          .page_table = &call.inputs[3],
          .one_of_table = is_one_user(call)};
}

bool users_apart(const AttentionLayout& layout, int axis) {
  return layout.one_of_table &&
         mesh::normalised(layout.key.distribution).along(axis) == mesh::shard(0);
}

// Row of the table on this chip, of a user counted over all chips; beyond the table if another chip
// has the user.
std::int64_t row_of(const AttentionLayout& layout, std::int64_t user, mesh::Coordinate chip) {
  std::int64_t part = 0;
  for (const int axis : {0, 1}) {
    if (!users_apart(layout, axis)) continue;
    part = part * layout.key.distribution.mesh.extent(axis) + (axis == 0 ? chip.row : chip.col);
  }
  return user - part * layout.page_table->shape[0];
}

void require_user(const AttentionLayout& layout, std::int64_t user) {
  std::int64_t users = layout.page_table->shape[0];
  for (const int axis : {0, 1}) {
    if (users_apart(layout, axis)) users *= layout.key.distribution.mesh.extent(axis);
  }
  if (user >= 0 && user < users) return;
  throw std::invalid_argument(fmt::format(
      "[{}] there is no user {}, the page table has users 0 to {}", kOp, user, users - 1));
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const AttentionLayout layout = layout_of(call);
  require_attention(layout);
  (void)prompt_attention(layout, call.attributes);
  TensorSpec out = layout.query;
  out.shape = out.shape.with(3, layout.value.shape[3]);
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  if (is_one_user(call)) require_user(layout, call.attributes.integer("user"));
  for (const int axis : {0, 1}) {
    if (users_apart(layout, axis)) {
      out.distribution.placements[static_cast<std::size_t>(axis)] = mesh::partial();
    }
  }
  mesh::validate(out);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  const PromptAttention prompt = prompt_attention(layout_of(call), call.attributes);
  return prompt_cost(prompt, call, std::array{prompt.layout.query, *prompt.layout.page_table});
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const AttentionLayout layout = layout_of(run.call);
  std::int64_t first_user = 0;
  if (layout.one_of_table) {
    first_user = row_of(layout, run.call.attributes.integer("user"), run.chip);
    if (first_user < 0 || first_user >= layout.page_table->shape[0]) {
      RoundedWriter nothing(run.call.outputs[0]);
      nothing.write(0, std::vector<float>(
                           static_cast<std::size_t>(run.call.outputs[0].shape.volume()), 0.0F));
      return {nothing.finish()};
    }
  }
  const Pages pages(layout.key, run.inputs[3].block());
  return {attended(prompt_attention(layout, run.call.attributes), run.call, run.inputs[0].block(),
                   {.keys = run.inputs[1].block(),
                    .values = run.inputs[2].block(),
                    .pages = &pages,
                    .first_user = first_user})};
}

std::uint64_t position_key(const mesh::OpCall& call, mesh::Coordinate chip) {
  if (!is_one_user(call)) return 0;
  return static_cast<std::uint64_t>(row_of(layout_of(call), 0, chip));
}

}  // namespace

mesh::OpDefinition chunked_scaled_dot_product_attention_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.position_key = position_key;
  return definition;
}

mesh::Tensor chunked_scaled_dot_product_attention(
    const Qkv& qkv, const mesh::Tensor& page_table,
    const ChunkedScaledDotProductAttentionOptions& options) {
  mesh::Attributes attributes{{"is_causal", true},
                              {"chunk_start_idx", options.chunk_start_idx},
                              {"q_chunk_size", options.q_chunk_size},
                              {"fidelity", std::string(sim::name(options.fidelity))},
                              {"memory", to_string(options.memory.value_or(qkv.query.memory()))}};
  if (options.scale) attributes.set("scale", *options.scale);
  if (options.sliding_window_size) {
    attributes.set("sliding_window_size", *options.sliding_window_size);
  }
  if (options.user) attributes.set("user", std::int64_t{*options.user});
  return qkv.query.device()
      .enqueue(kOp, std::array{qkv.query, qkv.key, qkv.value, page_table}, std::move(attributes))
      .front();
}

}  // namespace ttmesh::ops
