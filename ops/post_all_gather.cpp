#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/distributed_norm.hpp"
#include "ops/held_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Placement;
using mesh::TensorSpec;
using Kind = mesh::Placement::Kind;

// Chips that hold parts of a row.
std::int64_t parts_of_rows(const TensorSpec& input) {
  std::int64_t parts = 1;
  for (const int axis : {0, 1}) {
    if (input.distribution.along(axis) == mesh::shard(input.shape.rank() - 1)) {
      parts *= input.distribution.mesh.extent(axis);
    }
  }
  return parts;
}

void require_statistics(const char* op, Centre centre, const TensorSpec& input,
                        const TensorSpec& statistics) {
  require_one_mesh(op, {"input", input}, {"statistics", statistics});
  require_floating(op, {"statistics", statistics});
  require_paid(op, {"statistics", statistics});
  const int last = input.shape.rank() - 1;
  if (statistics.shape.rank() != input.shape.rank() ||
      statistics.shape.with(last, 1) != input.shape.with(last, 1)) {
    throw std::invalid_argument(
        fmt::format("[{}] statistics are {} and input {}, needs the same but for the last dim", op,
                    to_string(statistics.shape), to_string(input.shape)));
  }
  require_whole_dim(op, {"statistics", statistics}, last);
  for (const int axis : {0, 1}) {
    const Placement of_input = input.distribution.along(axis);
    const Placement needed = of_input == mesh::shard(last) ? mesh::replicate() : of_input;
    const Placement found = mesh::normalised(statistics.distribution).along(axis);
    if (found == needed) continue;
    throw std::invalid_argument(
        fmt::format("[{}] statistics are {} along cluster_axis {} and input is {}, needs {}", op,
                    to_string(found), axis, to_string(of_input), to_string(needed)));
  }
  const std::int64_t needed = parts_of_rows(input) * statistics_columns(centre);
  if (statistics.shape[last] != needed) {
    throw std::invalid_argument(fmt::format(
        "[{}] statistics have {} columns and each row lies on {} chips, needs {}: those of "
        "{}_pre_all_gather after all_gather with dim {} along each cluster_axis that shards the "
        "input's rows",
        op, statistics.shape[last], parts_of_rows(input), needed,
        centre == Centre::Mean ? "layer_norm" : "rms_norm", last));
  }
}

// A weight's values are cut as the rows are where it is sharded in its first dim that is not 1.
void require_affine(const char* op, const char* name, const TensorSpec& input,
                    const TensorSpec& spec) {
  require_one_mesh(op, {"input", input}, {name, spec});
  require_floating(op, {name, spec});
  require_paid(op, {name, spec});
  if (spec.shape.volume() != input.shape[-1]) {
    throw std::invalid_argument(fmt::format(
        "[{}] {} {} has {} values on each chip, needs one for each of the last dim of {}", op, name,
        to_string(spec.shape), spec.shape.volume(), to_string(input.shape)));
  }
  const int last = input.shape.rank() - 1;
  for (const int axis : {0, 1}) {
    const Placement placement = mesh::normalised(spec.distribution).along(axis);
    const bool rows_cut = input.distribution.along(axis) == mesh::shard(last);
    bool leads = placement.kind == Kind::Shard;
    for (int dim = 0; leads && dim < placement.dim; ++dim) leads = spec.shape[dim] == 1;
    if (rows_cut ? leads : placement.kind == Kind::Replicate) continue;
    throw std::invalid_argument(fmt::format(
        "[{}] {} is {} along cluster_axis {} and input is {}, needs {}", op, name,
        to_string(placement), axis, to_string(input.distribution.along(axis)),
        rows_cut ? "it sharded in its first dim with more than one value" : "Replicate"));
  }
}

std::vector<TensorSpec> infer(const char* op, Centre centre, const mesh::OpCall& call) {
  TensorSpec input = call.inputs[0];
  input.distribution = mesh::normalised(input.distribution);
  const auto& attributes = call.attributes;
  require_floating(op, {"input", input});
  require_paid(op, {"input", input});
  require_statistics(op, centre, input, call.inputs[1]);
  std::size_t next = 2;
  for (const char* name : {"weight", "bias"}) {
    if (attributes.flag(name)) require_affine(op, name, input, call.inputs[next++]);
  }
  return {norm_output(op, input, attributes)};
}

sim::Work cost(Centre centre, const mesh::OpCall& call) {
  const std::int64_t passes = centre == Centre::Mean ? 2 : 1;  // Subtract the mean, scale.
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     (passes + affine_passes(call.attributes)) * kElementwiseCyclesPerTile);
}

std::vector<mesh::Shard> run(Centre centre, const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const auto epsilon = static_cast<float>(run.call.attributes.number("epsilon"));
  const std::int64_t length = row_length(out.shape);
  const std::int64_t columns = row_length(run.call.inputs[1].shape);
  const std::int64_t stride = statistics_columns(centre);
  const std::int64_t parts = columns / stride;
  const auto values = static_cast<float>(parts * length);
  const FloatReader reader(run.inputs[0].block());
  const FloatReader statistics(run.inputs[1].block());
  const Affine affine(run, 2);
  RoundedWriter writer(out);
  std::vector<float> row(static_cast<std::size_t>(length));
  std::vector<float> sums(static_cast<std::size_t>(columns));
  for (std::int64_t i = 0; i < out.shape.volume() / length; ++i) {
    reader.read(i * length, row);
    statistics.read(i * columns, sums);
    float squares = 0;
    float total = 0;
    for (std::int64_t first = 0; first < columns; first += stride) {
      squares += sums[static_cast<std::size_t>(first)];
      if (centre == Centre::Mean) total += sums[static_cast<std::size_t>(first + kSumColumn)];
    }
    const float mean = total / values;
    const float minus_mean = -mean;
    if (centre == Centre::Mean) add_to(row, {&minus_mean, 1});
    const float variance = std::max(squares / values - mean * mean, 0.0F);
    affine.apply(row, 1.0F / std::sqrt(variance + epsilon));
    writer.write(i * length, row);
  }
  return {writer.finish()};
}

}  // namespace

mesh::OpDefinition post_all_gather_definition(const char* op, Centre centre) {
  mesh::OpDefinition definition;
  definition.infer = [op, centre](const mesh::OpCall& call) { return infer(op, centre, call); };
  definition.cost = [centre](const mesh::OpCall& call) { return cost(centre, call); };
  definition.run = [centre](const mesh::OpRun& call) { return run(centre, call); };
  return definition;
}

mesh::Tensor enqueue_post_all_gather(const char* op, const mesh::Tensor& input,
                                     const mesh::Tensor& statistics,
                                     const PostAllGatherOptions& options) {
  std::vector<mesh::Tensor> inputs{input, statistics};
  if (options.weight) inputs.push_back(*options.weight);
  if (options.bias) inputs.push_back(*options.bias);
  return input.device()
      .enqueue(op, inputs,
               {{"epsilon", options.epsilon},
                {"weight", options.weight.has_value()},
                {"bias", options.bias.has_value()},
                {"dtype", std::string(mesh::name(options.dtype.value_or(input.dtype())))},
                {"memory", to_string(options.memory.value_or(input.memory()))}})
      .front();
}

}  // namespace ttmesh::ops
