#include "ops/softmax.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
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

constexpr std::int64_t kPasses = 4;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const auto& attributes = call.attributes;
  const int dim = input.shape.index(static_cast<int>(attributes.integer("dim")));
  if (dim != input.shape.rank() - 1) {
    throw std::invalid_argument(fmt::format(
        "[softmax] dim {} of {}, needs the last: transpose first", dim, to_string(input.shape)));
  }
  require_floating("softmax", {"input", input});
  require_paid("softmax", {"input", input});
  require_whole_dim("softmax", {"input", input}, dim);
  TensorSpec out = input;
  out.dtype = mesh::parse_dtype(attributes.text("dtype"));
  out.memory = mesh::parse_memory_config(attributes.text("memory"));
  require_floating("softmax", {"output", out});
  mesh::validate(out);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     kPasses * kElementwiseCyclesPerTile + kExponentialCyclesPerTile);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const std::int64_t length = row_length(out.shape);
  const FloatReader reader(run.inputs[0].block());
  RoundedWriter writer(out);
  std::vector<float> row(static_cast<std::size_t>(length));
  for (std::int64_t first = 0; first < out.shape.volume(); first += length) {
    reader.read(first, row);
    exponentiate(row, largest(row));
    const float scale = 1.0F / sum(row);
    multiply_by(row, {&scale, 1});
    writer.write(first, row);
  }
  return {writer.finish()};
}

}  // namespace

mesh::OpDefinition softmax_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor softmax(const mesh::Tensor& input, const SoftmaxOptions& options) {
  return input.device()
      .enqueue("softmax", std::array{input},
               {{"dim", std::int64_t{input.shape().index(options.dim)}},
                {"dtype", std::string(mesh::name(options.dtype.value_or(input.dtype())))},
                {"memory", to_string(options.memory.value_or(input.memory()))}})
      .front();
}

}  // namespace ttmesh::ops
