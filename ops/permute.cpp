#include "ops/permute.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"
#include "ops/strided_view.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

std::vector<int> order_of(const mesh::OpCall& call) {
  const Shape& shape = call.inputs[0].shape;
  const auto& wanted = call.attributes.integers("dims");
  std::vector<int> order;
  for (const std::int64_t dim : wanted) order.push_back(shape.index(static_cast<int>(dim)));
  std::vector<int> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  const bool repeats = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
  if (repeats || static_cast<int>(order.size()) != shape.rank()) {
    throw std::invalid_argument(fmt::format("[permute] dims [{}] of {}, needs each dim once",
                                            fmt::join(wanted, ", "), to_string(shape)));
  }
  return order;
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const std::vector<int> order = order_of(call);
  TensorSpec out = call.inputs[0];
  out.shape = permuted(dense_view(out.shape), order).shape;
  for (mesh::Placement& placement : out.distribution.placements) {
    if (placement.dim < 0) continue;
    placement.dim =
        static_cast<int>(std::find(order.begin(), order.end(), placement.dim) - order.begin());
  }
  return {out};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work(call.inputs, call.outputs); }

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const std::vector<int> order = order_of(run.call);
  if (std::is_sorted(order.begin(), order.end())) return {run.inputs[0]};
  const mesh::Block& block = run.inputs[0].block();
  mesh::BlockPtr block_out = taken(block, permuted(dense_view(block.shape()), order), out.shape);
  const bool keeps_rows = order.back() == out.shape.rank() - 1;
  return {mesh::Shard(keeps_rows ? block_out : regrouped(std::move(block_out), out.dtype))};
}

}  // namespace

mesh::OpDefinition permute_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor permute(const mesh::Tensor& input, const std::vector<int>& dims) {
  return input.device()
      .enqueue("permute", std::array{input},
               {{"dims", std::vector<std::int64_t>(dims.begin(), dims.end())}})
      .front();
}

}  // namespace ttmesh::ops
