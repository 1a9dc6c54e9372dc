#include "ops/normalization.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "mesh/device/mesh_device.hpp"
#include "ops/combination.hpp"
#include "ops/held_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

// Passes of the matrix unit over a tile: square, add up, scale. Assumed: what the vendor's kernels
// do tile by tile, each at the rate of an element-wise operation.
constexpr std::int64_t kScalePasses = 3;
constexpr std::int64_t kCentrePasses = 2;  // Add up, subtract.

std::size_t residuals(const mesh::Attributes& attributes) {
  return attributes.flag("residual") ? 1 : 0;
}

void require_affine(const char* op, const char* name, const TensorSpec& input,
                    const TensorSpec& spec) {
  const Operand operand{name, spec};
  require_one_mesh(op, {"input", input}, operand);
  require_floating(op, operand);
  require_replicated(op, operand);
  if (spec.shape.volume() == input.shape[-1]) return;
  throw std::invalid_argument(
      fmt::format("[{}] {} {} has {} values, needs one for each of the last dim of {}", op, name,
                  to_string(spec.shape), spec.shape.volume(), to_string(input.shape)));
}

std::vector<TensorSpec> infer(const char* op, const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const auto& attributes = call.attributes;
  require_floating(op, {"input", input});
  require_paid(op, {"input", input});
  if (input.shape.rank() == 0) {
    throw std::invalid_argument(fmt::format("[{}] input has rank 0, needs at least 1", op));
  }
  const int dim = input.shape.rank() - 1;
  for (const int axis : {0, 1}) {
    if (mesh::normalised(input.distribution).along(axis) != mesh::shard(dim)) continue;
    throw std::invalid_argument(
        fmt::format("[{0}] input is Shard({1}) along cluster_axis {2}, needs dim {1} whole on each "
                    "chip: all_gather with dim {1} and cluster_axis {2} first, or gather the "
                    "statistics of {0}_pre_all_gather for {0}_post_all_gather",
                    op, dim, axis));
  }
  if (attributes.flag("residual")) {
    const TensorSpec& residual = call.inputs[1];
    require_floating(op, {"residual", residual});
    (void)combined_distribution(op, Combination::Sum, {"input", input}, {"residual", residual});
    if (residual.shape != input.shape) {
      throw std::invalid_argument(fmt::format("[{}] residual is {} and input {}, needs one shape",
                                              op, to_string(residual.shape),
                                              to_string(input.shape)));
    }
  }
  std::size_t next = 1 + residuals(attributes);
  for (const char* name : {"weight", "bias"}) {
    if (attributes.flag(name)) require_affine(op, name, input, call.inputs[next++]);
  }
  return {norm_output(op, input, attributes)};
}

sim::Work cost(Centre centre, const mesh::OpCall& call) {
  const std::int64_t passes = kScalePasses + (centre == Centre::Mean ? kCentrePasses : 0) +
                              affine_passes(call.attributes) +
                              (call.attributes.flag("residual") ? 1 : 0);
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     passes * kElementwiseCyclesPerTile);
}

std::vector<mesh::Shard> run(Centre centre, const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const auto& attributes = run.call.attributes;
  const auto epsilon = static_cast<float>(attributes.number("epsilon"));
  const std::int64_t length = row_length(out.shape);
  const FloatReader reader(run.inputs[0].block());
  std::optional<FloatReader> residual;
  if (attributes.flag("residual")) residual.emplace(run.inputs[1].block());
  const Affine affine(run, 1 + residuals(attributes));
  RoundedWriter writer(out);
  std::vector<float> row(static_cast<std::size_t>(length));
  std::vector<float> added(residual ? row.size() : 0);
  for (std::int64_t first = 0; first < out.shape.volume(); first += length) {
    reader.read(first, row);
    if (residual) {
      residual->read(first, added);
      add_to(row, added);
    }
    if (centre == Centre::Mean) {
      const float mean = -sum(row) / static_cast<float>(length);
      add_to(row, {&mean, 1});
    }
    const float mean_square = sum_of_squares(row) / static_cast<float>(length);
    affine.apply(row, 1.0F / std::sqrt(mean_square + epsilon));
    writer.write(first, row);
  }
  return {writer.finish()};
}

std::vector<float> floats_of(const mesh::Shard& shard) {
  std::vector<float> values(static_cast<std::size_t>(shard.shape().volume()));
  FloatReader(shard.block()).read(0, values);
  return values;
}

}  // namespace

Affine::Affine(const mesh::OpRun& run, std::size_t first) {
  if (run.call.attributes.flag("weight")) weight_ = floats_of(run.inputs[first++]);
  if (run.call.attributes.flag("bias")) bias_ = floats_of(run.inputs[first]);
}

void Affine::apply(std::span<float> row, float scale) const {
  multiply_by(row, {&scale, 1});
  if (!weight_.empty()) multiply_by(row, weight_);
  if (!bias_.empty()) add_to(row, bias_);
}

mesh::TensorSpec norm_output(const char* op, const mesh::TensorSpec& input,
                             const mesh::Attributes& attributes) {
  TensorSpec out = input;
  out.dtype = mesh::parse_dtype(attributes.text("dtype"));
  out.memory = mesh::parse_memory_config(attributes.text("memory"));
  require_floating(op, {"output", out});
  mesh::validate(out);
  return out;
}

std::int64_t affine_passes(const mesh::Attributes& attributes) {
  return (attributes.flag("weight") ? 1 : 0) + (attributes.flag("bias") ? 1 : 0);
}

mesh::OpDefinition norm_definition(std::string op, Centre centre) {
  mesh::OpDefinition definition;
  definition.infer = [op = std::move(op)](const mesh::OpCall& call) {
    return infer(op.c_str(), call);
  };
  definition.cost = [centre](const mesh::OpCall& call) { return cost(centre, call); };
  definition.run = [centre](const mesh::OpRun& call) { return run(centre, call); };
  return definition;
}

mesh::Tensor enqueue_norm(const char* op, const mesh::Tensor& input, const NormOptions& options) {
  std::vector<mesh::Tensor> inputs{input};
  for (const auto* tensor : {&options.residual_input_tensor, &options.weight, &options.bias}) {
    if (*tensor) inputs.push_back(**tensor);
  }
  return input.device()
      .enqueue(op, inputs,
               {{"epsilon", options.epsilon},
                {"residual", options.residual_input_tensor.has_value()},
                {"weight", options.weight.has_value()},
                {"bias", options.bias.has_value()},
                {"dtype", std::string(mesh::name(options.dtype.value_or(input.dtype())))},
                {"memory", to_string(options.memory.value_or(input.memory()))}})
      .front();
}

}  // namespace ttmesh::ops
