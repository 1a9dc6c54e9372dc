#include "ops/scaled_dot_product_attention.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/attention_layout.hpp"
#include "ops/prompt_attention.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

constexpr const char* kOp = "scaled_dot_product_attention";

bool has_mask(const mesh::OpCall& call) { return call.inputs.size() > 3; }

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

PromptAttention prompt_of(const mesh::OpCall& call) {
  return prompt_attention(layout_of(call), call.attributes);
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const AttentionLayout layout = layout_of(call);
  require_attention(layout);
  if (call.attributes.flag("is_causal") && has_mask(call)) {
    throw std::invalid_argument(
        fmt::format("[{}] attn_mask with is_causal, needs one of them", kOp));
  }
  (void)prompt_attention(layout, call.attributes);
  if (has_mask(call)) {
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

sim::Work cost(const mesh::OpCall& call) {
  const PromptAttention prompt = prompt_of(call);
  std::vector<TensorSpec> once{prompt.layout.query};
  if (has_mask(call)) once.push_back(call.inputs[3]);
  return prompt_cost(prompt, call, once);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  return {attended(prompt_of(run.call), run.call, run.inputs[0].block(),
                   {.keys = run.inputs[1].block(),
                    .values = run.inputs[2].block(),
                    .mask = has_mask(run.call) ? &run.inputs[3].block() : nullptr})};
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
