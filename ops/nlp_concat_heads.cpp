#include "ops/nlp_concat_heads.hpp"

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

using mesh::Shape;
using mesh::TensorSpec;

constexpr const char* kOp = "nlp_concat_heads";

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const Shape& shape = input.shape;
  if (shape.rank() != 4) {
    throw std::invalid_argument(
        fmt::format("[{}] input is {}, needs [b, h, s, d]", kOp, to_string(shape)));
  }
  TensorSpec out = input;
  out.shape = {shape[0], 1, shape[2], shape[1] * shape[3]};
  out.distribution = moved_dims(kOp, input, {0, 3, 2, -1});
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {out};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work(call.inputs, call.outputs); }

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const mesh::Block& block = run.inputs[0].block();
  const StridedView rows = permuted(dense_view(block.shape()), {0, 2, 1, 3});
  mesh::BlockPtr joined = taken(block, rows, out.shape);
  const bool keeps_runs = block.shape()[3] % kSharedExponentRun == 0;
  return {mesh::Shard(keeps_runs ? joined : regrouped(std::move(joined), out.dtype))};
}

}  // namespace

mesh::OpDefinition nlp_concat_heads_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor nlp_concat_heads(const mesh::Tensor& input, const NlpConcatHeadsOptions& options) {
  return input.device()
      .enqueue(kOp, std::array{input},
               {{"memory", to_string(options.memory.value_or(input.memory()))}})
      .front();
}

}  // namespace ttmesh::ops
