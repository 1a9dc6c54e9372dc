#include "ops/to_memory_config.hpp"

#include <array>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

std::vector<mesh::TensorSpec> infer(const mesh::OpCall& call) {
  mesh::TensorSpec out = call.inputs[0];
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {out};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work(call.inputs, call.outputs); }

std::vector<mesh::Shard> run(const mesh::OpRun& run) { return {run.inputs[0]}; }

}  // namespace

mesh::OpDefinition to_memory_config_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.takes_blocks = true;
  return definition;
}

mesh::Tensor to_memory_config(const mesh::Tensor& input, const mesh::MemoryConfig& memory) {
  if (input.memory() == memory) return input;
  return input.device()
      .enqueue("to_memory_config", std::array{input}, {{"memory", to_string(memory)}})
      .front();
}

}  // namespace ttmesh::ops
