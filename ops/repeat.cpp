#include "ops/repeat.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"
#include "ops/strided_view.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const auto& repetitions = call.attributes.integers("repetitions");
  const bool positive =
      std::all_of(repetitions.begin(), repetitions.end(), [](auto n) { return n > 0; });
  if (!positive || static_cast<int>(repetitions.size()) != input.shape.rank()) {
    throw std::invalid_argument(
        fmt::format("[repeat] repetitions [{}] of {}, needs a positive number for each dim",
                    fmt::join(repetitions, ", "), to_string(input.shape)));
  }
  TensorSpec out = input;
  for (int dim = 0; dim < input.shape.rank(); ++dim) {
    const std::int64_t times = repetitions[static_cast<std::size_t>(dim)];
    for (const mesh::Placement& placement : mesh::normalised(input.distribution).placements) {
      if (placement == mesh::stacked(dim) && times > 1) {
        throw std::invalid_argument(fmt::format(
            "[repeat] dim {} holds the terms of a sum, needs fast_reduce_nc over it first", dim));
      }
    }
    out.shape = out.shape.with(dim, times * input.shape[dim]);
  }
  return {out};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work(call.inputs, call.outputs); }

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const mesh::Block& block = run.inputs[0].block();
  const StridedView once = dense_view(block.shape());
  std::vector<std::int64_t> dims;
  StridedView view{.shape = {}, .strides = {}};
  const auto& repetitions = run.call.attributes.integers("repetitions");
  for (std::size_t dim = 0; dim < repetitions.size(); ++dim) {
    dims.insert(dims.end(), {repetitions[dim], block.shape()[static_cast<int>(dim)]});
    view.strides.insert(view.strides.end(), {0, once.strides[dim]});
  }
  view.shape = Shape(std::move(dims));
  mesh::BlockPtr repeated = taken(block, view, out.shape);
  return {mesh::Shard(repetitions.empty() || repetitions.back() == 1
                          ? repeated
                          : regrouped(std::move(repeated), out.dtype))};
}

}  // namespace

mesh::OpDefinition repeat_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor repeat(const mesh::Tensor& input, const Shape& repetitions) {
  const auto dims = repetitions.dims();
  return input.device()
      .enqueue("repeat", std::array{input},
               {{"repetitions", std::vector<std::int64_t>(dims.begin(), dims.end())}})
      .front();
}

}  // namespace ttmesh::ops
