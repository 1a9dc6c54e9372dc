#include "ops/embedding.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/integer_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Placement;
using mesh::Shape;
using mesh::TensorSpec;
using Kind = mesh::Placement::Kind;

constexpr const char* kOp = "embedding";

void require_indices(const TensorSpec& indices) {
  require_integers(kOp, {"indices", indices});
  require_paid(kOp, {"indices", indices});
  const Shape& shape = indices.shape;
  bool fits = shape.rank() >= 2;
  for (int dim = 1; dim < shape.rank() - 1; ++dim) fits = fits && shape[dim] == 1;
  if (fits) return;
  throw std::invalid_argument(
      fmt::format("[embedding] indices are {}, needs [b, s] or [b, 1, .., s]: reshape first",
                  to_string(shape)));
}

void require_table(const TensorSpec& weight) {
  require_floating(kOp, {"weight", weight});
  require_paid(kOp, {"weight", weight});
  const Shape& shape = weight.shape;
  if (shape.rank() < 2 || shape.volume() != shape[-1] * shape[-2]) {
    throw std::invalid_argument(fmt::format(
        "[embedding] weight is {}, needs [vocab, d] with leading dims of 1", to_string(shape)));
  }
  require_whole_dim(kOp, {"weight", weight}, shape.rank() - 2);
}

Placement placement(const TensorSpec& indices, const TensorSpec& weight, int axis) {
  const Placement rows = mesh::normalised(indices.distribution).along(axis);
  const Placement columns = mesh::normalised(weight.distribution).along(axis);
  if (rows.kind == Kind::Replicate) {
    return columns.kind == Kind::Replicate ? columns : mesh::shard(2);
  }
  if (columns.kind == Kind::Replicate) return mesh::shard(rows.dim == 0 ? 0 : 1);
  throw std::invalid_argument(
      fmt::format("[embedding] indices are {0} along cluster_axis {1} and weight is {2}; needs one "
                  "of them Replicate: all_gather with cluster_axis {1} first",
                  to_string(rows), axis, to_string(columns)));
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& indices = call.inputs[0];
  const TensorSpec& weight = call.inputs[1];
  const auto& attributes = call.attributes;
  require_one_mesh(kOp, {"indices", indices}, {"weight", weight});
  require_indices(indices);
  require_table(weight);
  TensorSpec out;
  out.shape = {indices.shape[0], indices.shape[-1], weight.shape[-1]};
  out.dtype = mesh::parse_dtype(attributes.text("dtype"));
  out.layout = attributes.flag("tile") ? mesh::Layout::Tile : mesh::Layout::RowMajor;
  out.memory = mesh::parse_memory_config(attributes.text("memory"));
  out.distribution.mesh = weight.distribution.mesh;
  for (const int axis : {0, 1}) {
    out.distribution.placements[static_cast<std::size_t>(axis)] = placement(indices, weight, axis);
  }
  out.distribution.outer_axis = (mesh::normalised(indices.distribution).outer_axis |
                                 mesh::normalised(weight.distribution).outer_axis);
  out.distribution = mesh::normalised(out.distribution);
  require_floating(kOp, {"output", out});
  mesh::validate(out);
  return {out};
}

// Of the table only the rows that are asked for are read.
sim::Work cost(const mesh::OpCall& call) {
  TensorSpec rows = call.outputs[0];
  rows.dtype = call.inputs[1].dtype;
  rows.layout = call.inputs[1].layout;
  rows.memory = call.inputs[1].memory;
  return stream_work(std::array{call.inputs[0], rows}, call.outputs);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const std::int64_t length = row_length(out.shape);
  const mesh::Block& table = run.inputs[1].block();
  const std::int64_t rows = table.shape().volume() / length;
  const FloatReader reader(table);
  RoundedWriter writer(out);
  std::vector<float> row(static_cast<std::size_t>(length));
  std::int64_t first = 0;
  for (const std::int64_t index : integer_values(run.inputs[0].block())) {
    if (index < 0 || index >= rows) {
      throw std::out_of_range(
          fmt::format("[embedding] index {} at position {}, needs one within [0, {})", index,
                      first / length, rows));
    }
    reader.read(index * length, row);
    writer.write(first, row);
    first += length;
  }
  return {writer.finish()};
}

}  // namespace

mesh::OpDefinition embedding_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor embedding(const mesh::Tensor& indices, const mesh::Tensor& weight,
                       const EmbeddingOptions& options) {
  return weight.device()
      .enqueue(kOp, std::array{indices, weight},
               {{"tile", options.layout == mesh::Layout::Tile},
                {"dtype", std::string(mesh::name(options.dtype.value_or(weight.dtype())))},
                {"memory", to_string(options.memory.value_or(weight.memory()))}})
      .front();
}

}  // namespace ttmesh::ops
