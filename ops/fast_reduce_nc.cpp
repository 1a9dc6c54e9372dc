#include "ops/fast_reduce_nc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Placement;
using mesh::Shape;
using mesh::TensorSpec;
using Kind = mesh::Placement::Kind;

bool is_summed(const mesh::OpCall& call, int dim) {
  const auto& dims = call.attributes.integers("dims");
  return std::find(dims.begin(), dims.end(), dim) != dims.end();
}

Placement summed(const TensorSpec& input, int axis) {
  const Placement placement = input.distribution.along(axis);
  if (placement.kind == Kind::Shard) return mesh::partial();
  const int terms = input.distribution.mesh.extent(axis);
  if (input.shape[placement.dim] != terms) {
    throw std::invalid_argument(fmt::format(
        "[fast_reduce_nc] dim {} has extent {} and stacks {} terms, needs one index for each term: "
        "reshape to extent 1 before all_gather",
        placement.dim, input.shape[placement.dim], terms));
  }
  return mesh::replicate();
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  TensorSpec input = call.inputs[0];
  input.distribution = mesh::normalised(input.distribution);
  TensorSpec out = input;
  out.dtype = mesh::parse_dtype(call.attributes.text("dtype"));
  out.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  if (!mesh::is_floating(input.dtype) || !mesh::is_floating(out.dtype)) {
    throw std::invalid_argument(fmt::format("[fast_reduce_nc] {} to {}, needs floating point",
                                            mesh::name(input.dtype), mesh::name(out.dtype)));
  }
  if (call.attributes.integers("dims").empty()) {
    throw std::invalid_argument("[fast_reduce_nc] no dims, needs at least one");
  }
  for (const std::int64_t dim : call.attributes.integers("dims")) {
    if (dim < 0 || dim >= input.shape.rank() - 2) {
      throw std::invalid_argument(
          fmt::format("[fast_reduce_nc] dim {} of {}, needs one before the last two", dim,
                      to_string(input.shape)));
    }
    out.shape = out.shape.with(static_cast<int>(dim), 1);
  }
  for (const int axis : {0, 1}) {
    const Placement placement = input.distribution.along(axis);
    if (placement.dim >= 0 && is_summed(call, placement.dim)) {
      out.distribution.placements[static_cast<std::size_t>(axis)] = summed(input, axis);
    }
  }
  out.distribution = mesh::normalised(out.distribution);
  mesh::validate(out);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     kElementwiseCyclesPerTile);
}

// Adds the planes (the last two dims) of one block of the input to those of the output. The block
// begins at index `first` of the dim along which the input's blocks lie.
void add_planes(const mesh::Block& block, int blocks_dim, std::int64_t first, const Shape& out,
                std::span<float> sums) {
  const Shape& from = block.shape();
  const std::int64_t plane = from[-1] * from[-2];
  FloatReader reader(block);
  const std::span<const float> terms = reader.all();
  for (std::int64_t i = 0; i < from.volume() / plane; ++i) {
    std::int64_t target = 0;
    std::int64_t stride = 1;
    std::int64_t rest = i;
    for (int dim = from.rank() - 3; dim >= 0; --dim) {
      const std::int64_t index = rest % from[dim] + (dim == blocks_dim ? first : 0);
      rest /= from[dim];
      target += (out[dim] == 1 ? 0 : index) * stride;
      stride *= out[dim];
    }
    const auto size = static_cast<std::size_t>(plane);
    add_to(sums.subspan(static_cast<std::size_t>(target) * size, size),
           terms.subspan(static_cast<std::size_t>(i) * size, size));
  }
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const mesh::Shard& input = run.inputs[0];
  const bool whole_planes = input.dim() < out.shape.rank() - 2;
  const std::vector<mesh::BlockPtr> blocks =
      whole_planes ? input.blocks() : std::vector{mesh::flatten(input)};
  std::vector<float> sums(static_cast<std::size_t>(out.shape.volume()), 0.0F);
  std::int64_t first = 0;
  for (const mesh::BlockPtr& block : blocks) {
    add_planes(*block, input.dim(), first, out.shape, sums);
    first += block->shape()[input.dim()];
  }
  RoundedWriter writer(out);
  writer.write(0, sums);
  return {writer.finish()};
}

}  // namespace

mesh::OpDefinition fast_reduce_nc_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.takes_blocks = true;
  return definition;
}

mesh::Attributes to_attributes(const mesh::TensorSpec& input, const FastReduceNcOptions& options) {
  std::vector<std::int64_t> dims;
  for (const int dim : options.dims) dims.push_back(input.shape.index(dim));
  return {{"dims", std::move(dims)},
          {"dtype", std::string(mesh::name(options.dtype.value_or(input.dtype)))},
          {"memory", to_string(options.memory.value_or(input.memory))}};
}

mesh::Tensor fast_reduce_nc(const mesh::Tensor& input, const FastReduceNcOptions& options) {
  return input.device()
      .enqueue("fast_reduce_nc", std::array{input}, to_attributes(input.spec(), options))
      .front();
}

}  // namespace ttmesh::ops
