#include "ops/nlp_create_qkv_heads_decode.hpp"

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

constexpr const char* kOp = "nlp_create_qkv_heads_decode";

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  require_rank_4(kOp, input, 0);
  require_rank_4(kOp, input, 1);
  const HeadCounts counts = head_counts(kOp, call.attributes);
  const std::int64_t width = head_dim(kOp, input.shape[3], counts);
  TensorSpec query = input;
  query.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  query.distribution = moved_dims(kOp, input, {-1, -1, 1, 2});
  query.shape = {1, input.shape[2], counts.queries, width};
  TensorSpec key = query;
  key.shape = {1, input.shape[2], counts.keys, width};
  return {query, key, key};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work(call.inputs, call.outputs); }

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const mesh::Block& block = run.inputs[0].block();
  const Shape& rows = block.shape();
  const HeadCounts counts = head_counts(kOp, run.call.attributes);
  const std::int64_t width = head_dim(kOp, rows[3], counts);
  const std::array firsts{std::int64_t{0}, counts.queries, counts.queries + counts.keys};
  std::vector<mesh::Shard> shards;
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const TensorSpec& out = run.call.outputs[i];
    const StridedView view{.shape = out.shape,
                           .strides = {rows.volume(), rows[3], width, 1},
                           .offset = firsts[i] * width};
    mesh::BlockPtr part = taken(block, view, out.shape);
    const bool keeps_runs = width % kSharedExponentRun == 0;
    shards.emplace_back(keeps_runs ? part : regrouped(std::move(part), out.dtype));
  }
  return shards;
}

}  // namespace

mesh::OpDefinition nlp_create_qkv_heads_decode_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

QkvHeads nlp_create_qkv_heads_decode(const mesh::Tensor& input,
                                     const NlpCreateQkvHeadsDecodeOptions& options) {
  const std::vector<mesh::Tensor> heads =
      input.device().enqueue(kOp, std::array{input},
                             {{"num_heads", options.num_heads},
                              {"num_kv_heads", options.num_kv_heads},
                              {"memory", to_string(options.memory.value_or(input.memory()))}});
  return {.query = heads[0], .key = heads[1], .value = heads[2]};
}

}  // namespace ttmesh::ops
