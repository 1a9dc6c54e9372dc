#include "ops/mesh_partition.hpp"

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

int axis_of(const mesh::OpCall& call) {
  return static_cast<int>(call.attributes.integer("cluster_axis"));
}

int dim_of(const mesh::OpCall& call) {
  return call.inputs[0].shape.index(static_cast<int>(call.attributes.integer("dim")));
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const int axis = axis_of(call);
  if (axis != 0 && axis != 1) {
    throw std::invalid_argument(
        fmt::format("[mesh_partition] cluster_axis is {}, needs 0 or 1", axis));
  }
  const int dim = dim_of(call);
  const int chips = input.distribution.mesh.extent(axis);
  TensorSpec out = input;
  out.distribution = mesh::normalised(input.distribution);
  const mesh::Placement held = out.distribution.along(axis);
  if (held != mesh::replicate()) {
    const bool owed = held.kind == mesh::Placement::Kind::Partial;
    throw std::invalid_argument(fmt::format(
        "[mesh_partition] input is {} along cluster_axis {}, needs Replicate: {} with cluster_axis "
        "{} first",
        to_string(held), axis, owed ? "all_reduce" : "all_gather", axis));
  }
  if (input.shape[dim] % chips != 0) {
    throw std::invalid_argument(
        fmt::format("[mesh_partition] dim {} of {} does not divide over {} chips, needs a multiple "
                    "of {}",
                    dim, to_string(input.shape), chips, chips));
  }
  if (out.distribution.along(1 - axis) == mesh::stacked(dim)) {
    throw std::invalid_argument(fmt::format(
        "[mesh_partition] dim {} holds the terms of a sum, needs fast_reduce_nc over it first",
        dim));
  }
  out.shape = input.shape.with(dim, input.shape[dim] / chips);
  out.distribution.placements[static_cast<std::size_t>(axis)] = mesh::shard(dim);
  out.distribution.outer_axis = 1 - axis;
  out.distribution = mesh::normalised(out.distribution);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  TensorSpec read = call.outputs[0];
  read.memory = call.inputs[0].memory;
  return stream_work({&read, 1}, call.outputs);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const int dim = dim_of(run.call);
  const std::vector<std::int64_t> zeros(static_cast<std::size_t>(out.shape.rank()), 0);
  const Shape begin = Shape(zeros).with(dim, run.chip.along(axis_of(run.call)) * out.shape[dim]);
  if (out.shape == run.inputs[0].shape()) return {run.inputs[0]};
  return {mesh::Shard(cut(run.inputs[0].block(), {.begin = begin, .shape = out.shape}, out.dtype))};
}

std::uint64_t position_key(const mesh::OpCall& call, mesh::Coordinate chip) {
  return static_cast<std::uint64_t>(chip.along(axis_of(call)));
}

}  // namespace

mesh::OpDefinition mesh_partition_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.position_key = position_key;
  return definition;
}

mesh::Tensor mesh_partition(const mesh::Tensor& input, const MeshPartitionOptions& options) {
  return input.device()
      .enqueue("mesh_partition", std::array{input},
               {{"dim", std::int64_t{input.shape().index(options.dim)}},
                {"cluster_axis", std::int64_t{options.cluster_axis}}})
      .front();
}

}  // namespace ttmesh::ops
