#include "ops/rms_norm_pre_all_gather.hpp"

#include <algorithm>
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

constexpr const char* kOp = "rms_norm_pre_all_gather";
constexpr std::int64_t kPasses = 2;  // Square, add up.

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  require_floating(kOp, {"input", input});
  require_paid(kOp, {"input", input});
  TensorSpec out = input;
  out.shape = input.shape.with(-1, mesh::kTileExtent);
  out.dtype = mesh::parse_dtype(call.attributes.text("dtype"));
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  require_floating(kOp, {"output", out});
  mesh::validate(out);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     kPasses * kElementwiseCyclesPerTile);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const mesh::Block& block = run.inputs[0].block();
  const std::int64_t length = row_length(block.shape());
  const FloatReader reader(block);
  RoundedWriter writer(out);
  std::vector<float> row(static_cast<std::size_t>(length));
  std::array<float, mesh::kTileExtent> statistics{};
  for (std::int64_t i = 0; i < block.shape().volume() / length; ++i) {
    reader.read(i * length, row);
    statistics[0] = sum_of_squares(row);
    writer.write(i * mesh::kTileExtent, statistics);
  }
  return {writer.finish()};
}

}  // namespace

mesh::OpDefinition rms_norm_pre_all_gather_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor rms_norm_pre_all_gather(const mesh::Tensor& input,
                                     const RmsNormPreAllGatherOptions& options) {
  return input.device()
      .enqueue(kOp, std::array{input},
               {{"dtype", std::string(mesh::name(options.dtype))},
                {"memory", to_string(options.memory.value_or(input.memory()))}})
      .front();
}

}  // namespace ttmesh::ops
