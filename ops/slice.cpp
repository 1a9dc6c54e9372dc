#include "ops/slice.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/box.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const auto& begin = call.attributes.integers("begin");
  const auto& end = call.attributes.integers("end");
  const auto rank = static_cast<std::size_t>(input.shape.rank());
  if (begin.size() != rank || end.size() != rank) {
    throw std::invalid_argument(
        fmt::format("[slice] {} begins and {} ends for {}, needs {} of each", begin.size(),
                    end.size(), to_string(input.shape), rank));
  }
  TensorSpec out = input;
  for (int dim = 0; dim < input.shape.rank(); ++dim) {
    const std::int64_t from = begin[static_cast<std::size_t>(dim)];
    const std::int64_t to = end[static_cast<std::size_t>(dim)];
    if (from < 0 || to <= from || to > input.shape[dim]) {
      throw std::invalid_argument(
          fmt::format("[slice] range [{}, {}) of dim {}, needs a non-empty one within [0, {})",
                      from, to, dim, input.shape[dim]));
    }
    for (const mesh::Placement& placement : input.distribution.placements) {
      if (placement == mesh::stacked(dim) && to - from != input.shape[dim]) {
        throw std::invalid_argument(fmt::format(
            "[slice] dim {} holds the terms of a sum, needs fast_reduce_nc over it first", dim));
      }
    }
    out.shape = out.shape.with(dim, to - from);
  }
  return {out};
}

// Only what is kept is read.
sim::Work cost(const mesh::OpCall& call) {
  TensorSpec read = call.outputs[0];
  read.memory = call.inputs[0].memory;
  return stream_work({&read, 1}, call.outputs);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const mesh::Block& block = run.inputs[0].block();
  const Shape begin(run.call.attributes.integers("begin"));
  return {mesh::Shard(cut(block, {.begin = begin, .shape = out.shape}, out.dtype))};
}

std::vector<std::int64_t> integers(const Shape& shape) {
  return {shape.dims().begin(), shape.dims().end()};
}

}  // namespace

mesh::OpDefinition slice_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor slice(const mesh::Tensor& input, const SliceOptions& options) {
  return input.device()
      .enqueue("slice", std::array{input},
               {{"begin", integers(options.begin)}, {"end", integers(options.end)}})
      .front();
}

}  // namespace ttmesh::ops
