#include "ops/nlp_create_qkv_heads.hpp"

#include <array>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/attention_heads.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"
#include "ops/strided_view.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

constexpr const char* kOp = "nlp_create_qkv_heads";

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  require_rank_4(kOp, input, 1);
  const HeadCounts counts = head_counts(kOp, call.attributes);
  const std::int64_t batches = input.shape[0];
  const std::int64_t rows = input.shape[2];
  const std::int64_t width = head_dim(kOp, input.shape[3], counts);
  TensorSpec query = input;
  query.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  query.distribution = moved_dims(kOp, input, {0, -1, 2, 1});
  query.shape = {batches, counts.queries, rows, width};
  TensorSpec value = query;
  value.shape = {batches, counts.keys, rows, width};
  TensorSpec key = value;
  if (call.attributes.flag("transpose_k_heads")) {
    key.shape = {batches, counts.keys, width, rows};
    key.distribution = moved_dims(kOp, input, {0, -1, 3, 1});
  }
  return {query, key, value};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work(call.inputs, call.outputs); }

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const mesh::Block& block = run.inputs[0].block();
  const Shape& rows = block.shape();
  const HeadCounts counts = head_counts(kOp, run.call.attributes);
  const std::int64_t width = head_dim(kOp, rows[3], counts);
  // [b, heads, s, d] of the heads from `first` on.
  const auto heads = [&](std::int64_t first, std::int64_t count) {
    return StridedView{.shape = {rows[0], count, rows[2], width},
                       .strides = {rows[2] * rows[3], width, rows[3], 1},
                       .offset = first * width};
  };
  StridedView key = heads(counts.queries, counts.keys);
  const bool transposed = run.call.attributes.flag("transpose_k_heads");
  if (transposed) key = permuted(key, {0, 1, 3, 2});
  const std::array views{heads(0, counts.queries), key,
                         heads(counts.queries + counts.keys, counts.keys)};
  std::vector<mesh::Shard> shards;
  for (std::size_t i = 0; i < views.size(); ++i) {
    const TensorSpec& out = run.call.outputs[i];
    mesh::BlockPtr part = taken(block, views[i], out.shape);
    const bool keeps_runs = width % kSharedExponentRun == 0 && !(transposed && i == 1);
    shards.emplace_back(keeps_runs ? part : regrouped(std::move(part), out.dtype));
  }
  return shards;
}

}  // namespace

mesh::OpDefinition nlp_create_qkv_heads_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

QkvHeads nlp_create_qkv_heads(const mesh::Tensor& input, const NlpCreateQkvHeadsOptions& options) {
  const std::vector<mesh::Tensor> heads =
      input.device().enqueue(kOp, std::array{input},
                             {{"num_heads", options.num_heads},
                              {"num_kv_heads", options.num_kv_heads},
                              {"transpose_k_heads", options.transpose_k_heads},
                              {"memory", to_string(options.memory.value_or(input.memory()))}});
  return {.query = heads[0], .key = heads[1], .value = heads[2]};
}

}  // namespace ttmesh::ops
