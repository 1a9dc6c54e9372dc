#include "ops/transpose.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

struct Dims {
  int low;
  int high;
};

Dims dims_of(const mesh::OpCall& call) {
  const Shape& shape = call.inputs[0].shape;
  const int dim0 = shape.index(static_cast<int>(call.attributes.integer("dim0")));
  const int dim1 = shape.index(static_cast<int>(call.attributes.integer("dim1")));
  return {std::min(dim0, dim1), std::max(dim0, dim1)};
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const auto [low, high] = dims_of(call);
  TensorSpec out = call.inputs[0];
  out.shape = out.shape.with(low, call.inputs[0].shape[high]).with(high, call.inputs[0].shape[low]);
  for (mesh::Placement& placement : out.distribution.placements) {
    if (placement.dim == low) {
      placement.dim = high;
    } else if (placement.dim == high) {
      placement.dim = low;
    }
  }
  return {out};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work(call.inputs, call.outputs); }

std::int64_t volume(const Shape& shape, int first, int end) {
  std::int64_t product = 1;
  for (int dim = first; dim < end; ++dim) product *= shape[dim];
  return product;
}

// The tensor is [outer, low, middle, high, inner]; runs of `inner` values move together.
mesh::BlockPtr exchanged(const mesh::Block& block, Dims dims, const Shape& shape) {
  const Shape& from = block.shape();
  const std::int64_t outer = volume(from, 0, dims.low);
  const std::int64_t low = from[dims.low];
  const std::int64_t middle = volume(from, dims.low + 1, dims.high);
  const std::int64_t high = from[dims.high];
  const std::int64_t inner = volume(from, dims.high + 1, from.rank());
  const std::int64_t run = inner * mesh::held_bytes(block.type());
  const std::shared_ptr<const mesh::Buffer> plain = block.plain();
  auto buffer = std::make_shared<mesh::Buffer>(plain->size());
  std::byte* to = buffer->data();
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t h = 0; h < high; ++h) {
      for (std::int64_t m = 0; m < middle; ++m) {
        for (std::int64_t l = 0; l < low; ++l, to += run) {
          const std::int64_t source = ((o * low + l) * middle + m) * high + h;
          std::memcpy(to, plain->data() + source * run, static_cast<std::size_t>(run));
        }
      }
    }
  }
  return std::make_shared<const mesh::Block>(shape, block.type(), std::move(buffer));
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const Dims dims = dims_of(run.call);
  if (dims.low == dims.high) return {run.inputs[0]};
  mesh::BlockPtr block = exchanged(run.inputs[0].block(), dims, out.shape);
  const bool keeps_rows = dims.high < out.shape.rank() - 1;
  return {mesh::Shard(keeps_rows ? block : regrouped(std::move(block), out.dtype))};
}

}  // namespace

mesh::OpDefinition transpose_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor transpose(const mesh::Tensor& input, const TransposeOptions& options) {
  return input.device()
      .enqueue("transpose", std::array{input},
               {{"dim0", std::int64_t{input.shape().index(options.dim0)}},
                {"dim1", std::int64_t{input.shape().index(options.dim1)}}})
      .front();
}

}  // namespace ttmesh::ops
