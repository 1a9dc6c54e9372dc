#include "ops/activate.hpp"

#include <array>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  require_floating("activate", {"input", input});
  require_paid("activate", {"input", input});
  TensorSpec out = input;
  out.dtype = mesh::parse_dtype(call.attributes.text("dtype"));
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  require_floating("activate", {"output", out});
  mesh::validate(out);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     cycles_per_tile(parse_activation(call.attributes.text("activation"))));
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  std::vector<float> values(static_cast<std::size_t>(out.shape.volume()));
  FloatReader(run.inputs[0].block()).read(0, values);
  ops::apply(parse_activation(run.call.attributes.text("activation")), values);
  RoundedWriter writer(out);
  writer.write(0, values);
  return {writer.finish()};
}

}  // namespace

mesh::OpDefinition activate_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor activate(const mesh::Tensor& input, Activation activation,
                      const ActivateOptions& options) {
  return input.device()
      .enqueue("activate", std::array{input},
               {{"activation", std::string(name(activation))},
                {"dtype", std::string(mesh::name(options.dtype.value_or(input.dtype())))},
                {"memory", to_string(options.memory.value_or(input.memory()))}})
      .front();
}

}  // namespace ttmesh::ops
