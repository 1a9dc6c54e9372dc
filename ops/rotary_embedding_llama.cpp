#include "ops/rotary_embedding_llama.hpp"

#include <array>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/rotation.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

constexpr const char* kOp = "rotary_embedding_llama";

RotaryMode mode_of(const mesh::OpCall& call) {
  return call.attributes.flag("is_decode_mode") ? RotaryMode::Decode : RotaryMode::Prefill;
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const std::int64_t users = input.shape.rank() > 1 ? input.shape[1] : 1;
  TensorSpec out = rotated_spec(kOp, mode_of(call), input,
                                {call.inputs[1], call.inputs[2], call.inputs[3]}, users);
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     rotation_cycles_per_tile());
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const auto block = [&](std::size_t i) -> const mesh::Block& { return run.inputs[i].block(); };
  return {
      rotated(mode_of(run.call), block(0), {block(1), block(2), block(3)}, 0, run.call.outputs[0])};
}

}  // namespace

mesh::OpDefinition rotary_embedding_llama_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor rotary_embedding_llama(const mesh::Tensor& input, const RotaryEmbedding& tables,
                                    const RotaryEmbeddingLlamaOptions& options) {
  return input.device()
      .enqueue(kOp, std::array{input, tables.cos, tables.sin, tables.transformation_matrix},
               {{"is_decode_mode", options.is_decode_mode},
                {"memory", to_string(options.memory.value_or(input.memory()))}})
      .front();
}

}  // namespace ttmesh::ops
