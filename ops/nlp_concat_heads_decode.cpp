#include "ops/nlp_concat_heads_decode.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/attention_heads.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"
#include "ops/strided_view.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

constexpr const char* kOp = "nlp_concat_heads_decode";

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  require_rank_4(kOp, input, 0);
  const std::int64_t heads = call.attributes.integer("num_heads");
  if (heads < 1 || heads > input.shape[2]) {
    throw std::invalid_argument(
        fmt::format("[{}] num_heads is {}, needs 1 to the {} heads of the input {} on each chip",
                    kOp, heads, input.shape[2], to_string(input.shape)));
  }
  TensorSpec out = input;
  out.shape = {1, 1, input.shape[1], heads * input.shape[3]};
  out.distribution = moved_dims(kOp, input, {-1, 2, 3, -1});
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {out};
}

TensorSpec joined_part(const mesh::OpCall& call) {
  TensorSpec part = call.inputs[0];
  part.shape = part.shape.with(2, call.attributes.integer("num_heads"));
  return part;
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(std::array{joined_part(call)}, call.outputs);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const mesh::Block& block = run.inputs[0].block();
  StridedView heads = dense_view(block.shape());
  heads.shape = joined_part(run.call).shape;
  mesh::BlockPtr joined = taken(block, heads, out.shape);
  const bool keeps_runs = block.shape()[3] % kSharedExponentRun == 0;
  return {mesh::Shard(keeps_runs ? joined : regrouped(std::move(joined), out.dtype))};
}

}  // namespace

mesh::OpDefinition nlp_concat_heads_decode_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor nlp_concat_heads_decode(const mesh::Tensor& input,
                                     const NlpConcatHeadsDecodeOptions& options) {
  return input.device()
      .enqueue(kOp, std::array{input},
               {{"num_heads", options.num_heads},
                {"memory", to_string(options.memory.value_or(input.memory()))}})
      .front();
}

}  // namespace ttmesh::ops
