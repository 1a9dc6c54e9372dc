#include "ops/rotary_embedding_llama_fused_qk.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/rotation.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

constexpr const char* kOp = "rotary_embedding_llama_fused_qk";

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& query = call.inputs[0];
  const TensorSpec& key = call.inputs[1];
  if (query.shape.rank() != 4 || key.shape.rank() != 4 || query.shape[1] != key.shape[1]) {
    throw std::invalid_argument(fmt::format(
        "[{}] query is {} and key {}, needs [1, users, heads, head dim] with equal users", kOp,
        to_string(query.shape), to_string(key.shape)));
  }
  const RotaryTables<TensorSpec> tables{call.inputs[2], call.inputs[3], call.inputs[4]};
  const std::int64_t users = 2 * query.shape[1];
  return {rotated_spec(kOp, RotaryMode::Decode, query, tables, users),
          rotated_spec(kOp, RotaryMode::Decode, key, tables, users)};
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(
      call.inputs, call.outputs,
      mesh::tile_count(call.inputs[0].shape) + mesh::tile_count(call.inputs[1].shape),
      rotation_cycles_per_tile());
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const auto block = [&](std::size_t i) -> const mesh::Block& { return run.inputs[i].block(); };
  const RotaryTables<mesh::Block> tables{block(2), block(3), block(4)};
  const std::int64_t users = run.call.inputs[0].shape[1];
  return {rotated(RotaryMode::Decode, block(0), tables, 0, run.call.outputs[0]),
          rotated(RotaryMode::Decode, block(1), tables, users, run.call.outputs[1])};
}

}  // namespace

mesh::OpDefinition rotary_embedding_llama_fused_qk_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

RotatedQk rotary_embedding_llama_fused_qk(const mesh::Tensor& query, const mesh::Tensor& key,
                                          const RotaryEmbedding& tables) {
  const std::vector<mesh::Tensor> turned = query.device().enqueue(
      kOp, std::array{query, key, tables.cos, tables.sin, tables.transformation_matrix}, {});
  return {.query = turned[0], .key = turned[1]};
}

}  // namespace ttmesh::ops
