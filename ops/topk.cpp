#include "ops/topk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/integer_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

constexpr std::int64_t kUInt16Values = 65'536;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const int dim = input.shape.index(static_cast<int>(call.attributes.integer("dim")));
  if (dim != input.shape.rank() - 1) {
    throw std::invalid_argument(fmt::format("[topk] dim {} of {}, needs the last: transpose first",
                                            dim, to_string(input.shape)));
  }
  require_floating("topk", {"input", input});
  require_paid("topk", {"input", input});
  const std::int64_t k = call.attributes.integer("k");
  if (k < 1 || k > input.shape[dim]) {
    throw std::invalid_argument(fmt::format(
        "[topk] k is {}, needs 1 to the {} values of a row on each chip", k, input.shape[dim]));
  }
  TensorSpec values = input;
  values.shape = input.shape.with(dim, k);
  TensorSpec indices = values;
  indices.dtype =
      input.shape[dim] < kUInt16Values ? mesh::DataType::UInt16 : mesh::DataType::UInt32;
  return {values, indices};
}

sim::Work cost(const mesh::OpCall& call) {
  const mesh::Shape& shape = call.inputs[0].shape;
  return stream_work(call.inputs, call.outputs, mesh::tile_count(shape),
                     sorting_cycles_per_tile(row_length(shape)));
}

// The first k of `order` by `row`, ties by index.
void sort_best(std::span<const float> row, bool largest, std::int64_t k,
               std::vector<std::int64_t>& order) {
  order.resize(row.size());
  std::iota(order.begin(), order.end(), 0);
  const auto better = [&](std::int64_t a, std::int64_t b) {
    const float x = row[static_cast<std::size_t>(a)];
    const float y = row[static_cast<std::size_t>(b)];
    if (std::isnan(x) != std::isnan(y)) return std::isnan(y);
    if (x < y || x > y) return largest ? x > y : x < y;
    return a < b;
  };
  std::partial_sort(order.begin(), order.begin() + k, order.end(), better);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const mesh::Block& block = run.inputs[0].block();
  const std::int64_t length = row_length(block.shape());
  const std::int64_t k = run.call.attributes.integer("k");
  const bool largest = run.call.attributes.flag("largest");
  const FloatReader reader(block);
  RoundedWriter values(run.call.outputs[0]);
  std::vector<std::int64_t> indices;
  std::vector<std::int64_t> order;
  std::vector<float> row(static_cast<std::size_t>(length));
  std::vector<float> best(static_cast<std::size_t>(k));
  for (std::int64_t i = 0; i < block.shape().volume() / length; ++i) {
    reader.read(i * length, row);
    sort_best(row, largest, k, order);
    indices.insert(indices.end(), order.begin(), order.begin() + k);
    std::transform(order.begin(), order.begin() + k, best.begin(),
                   [&](std::int64_t index) { return row[static_cast<std::size_t>(index)]; });
    values.write(i * k, best);
  }
  return {values.finish(), integer_shard(run.call.outputs[1], indices)};
}

}  // namespace

mesh::OpDefinition topk_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

Topk topk(const mesh::Tensor& input, const TopkOptions& options) {
  const std::vector<mesh::Tensor> outputs =
      input.device().enqueue("topk", std::array{input},
                             {{"k", options.k},
                              {"dim", std::int64_t{input.shape().index(options.dim)}},
                              {"largest", options.largest}});
  return {.values = outputs[0], .indices = outputs[1]};
}

}  // namespace ttmesh::ops
