#include "ops/concat.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

int dim_of(const mesh::OpCall& call) {
  return call.inputs[0].shape.index(static_cast<int>(call.attributes.integer("dim")));
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const int dim = dim_of(call);
  TensorSpec out = call.inputs[0];
  std::int64_t extent = 0;
  for (const TensorSpec& input : call.inputs) {
    const bool fits = input.shape.rank() == out.shape.rank() &&
                      input.shape.with(dim, 1) == out.shape.with(dim, 1);
    if (!fits || input.dtype != out.dtype || input.layout != out.layout) {
      throw std::invalid_argument(fmt::format("[concat] {} after {}, needs the same but for dim {}",
                                              to_string(input), to_string(call.inputs[0]), dim));
    }
    if (mesh::normalised(input.distribution) != mesh::normalised(out.distribution)) {
      throw std::invalid_argument(
          fmt::format("[concat] an input is {} after {}, needs one "
                      "placement",
                      to_string(input.distribution), to_string(call.inputs[0].distribution)));
    }
    extent += input.shape[dim];
  }
  for (const mesh::Placement& placement : out.distribution.placements) {
    if (placement == mesh::stacked(dim) && call.inputs.size() > 1) {
      throw std::invalid_argument(fmt::format(
          "[concat] dim {} holds the terms of a sum, needs fast_reduce_nc over it first", dim));
    }
  }
  out.shape = out.shape.with(dim, extent);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work(call.inputs, call.outputs); }

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  std::vector<mesh::BlockPtr> blocks;
  for (const mesh::Shard& input : run.inputs) {
    blocks.insert(blocks.end(), input.blocks().begin(), input.blocks().end());
  }
  const int dim = dim_of(run.call);
  mesh::Shard joined(std::move(blocks), dim);
  const mesh::DataType dtype = run.call.outputs[0].dtype;
  if (!mesh::is_block_float(dtype) || dim != joined.shape().rank() - 1) return {joined};
  return {mesh::Shard(regrouped(mesh::flatten(joined), dtype))};
}

}  // namespace

mesh::OpDefinition concat_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor concat(std::span<const mesh::Tensor> inputs, int dim) {
  if (inputs.empty()) throw std::invalid_argument("[concat] no inputs, needs at least one");
  return inputs[0]
      .device()
      .enqueue("concat", inputs, {{"dim", std::int64_t{inputs[0].shape().index(dim)}}})
      .front();
}

}  // namespace ttmesh::ops
