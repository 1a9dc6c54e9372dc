#include "ops/argmax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/integer_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const int dim = input.shape.index(static_cast<int>(call.attributes.integer("dim")));
  if (dim != input.shape.rank() - 1) {
    throw std::invalid_argument(fmt::format(
        "[argmax] dim {} of {}, needs the last: transpose first", dim, to_string(input.shape)));
  }
  require_floating("argmax", {"input", input});
  require_paid("argmax", {"input", input});
  require_whole_dim("argmax", {"input", input}, dim);
  TensorSpec out = input;
  std::vector<std::int64_t> dims(input.shape.dims().begin(), input.shape.dims().end());
  dims.pop_back();
  if (call.attributes.flag("keepdim") || dims.empty()) dims.push_back(1);
  out.shape = mesh::Shape(std::move(dims));
  out.dtype = mesh::DataType::UInt32;
  out.layout = mesh::Layout::RowMajor;
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     kElementwiseCyclesPerTile);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const mesh::Block& block = run.inputs[0].block();
  const std::int64_t length = row_length(block.shape());
  const FloatReader reader(block);
  std::vector<float> row(static_cast<std::size_t>(length));
  std::vector<std::int64_t> indices;
  for (std::int64_t first = 0; first < block.shape().volume(); first += length) {
    reader.read(first, row);
    const auto found = std::find(row.begin(), row.end(), largest(row));
    indices.push_back(found == row.end() ? 0 : found - row.begin());  // NaN equals nothing.
  }
  return {integer_shard(run.call.outputs[0], indices)};
}

}  // namespace

mesh::OpDefinition argmax_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor argmax(const mesh::Tensor& input, const ArgmaxOptions& options) {
  return input.device()
      .enqueue(
          "argmax", std::array{input},
          {{"dim", std::int64_t{input.shape().index(options.dim)}}, {"keepdim", options.keepdim}})
      .front();
}

}  // namespace ttmesh::ops
