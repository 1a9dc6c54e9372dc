#include "ops/reshape.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Placement;
using mesh::Shape;
using mesh::TensorSpec;
using Kind = mesh::Placement::Kind;

Shape completed(const Shape& input, const std::vector<std::int64_t>& wanted) {
  std::int64_t known = 1;
  std::optional<std::size_t> open;
  for (std::size_t dim = 0; dim < wanted.size(); ++dim) {
    if (wanted[dim] == -1 && !open) {
      open = dim;
    } else if (wanted[dim] <= 0) {
      throw std::invalid_argument(
          fmt::format("[reshape] extent {} of dim {}, needs positive extents and at most one -1",
                      wanted[dim], dim));
    } else {
      known *= wanted[dim];
    }
  }
  std::vector<std::int64_t> dims = wanted;
  if (open) dims[*open] = input.volume() / known;
  Shape shape(std::move(dims));
  if (shape.volume() != input.volume()) {
    throw std::invalid_argument(fmt::format("[reshape] {} has {} values on each chip, {} needs {}",
                                            to_string(input), input.volume(),
                                            to_string(Shape(wanted)), shape.volume()));
  }
  return shape;
}

std::int64_t volume_before(const Shape& shape, int end) {
  std::int64_t volume = 1;
  for (int dim = 0; dim < end; ++dim) volume *= shape[dim];
  return volume;
}

// The chip's part is one run of a sharded dim and all dims after it, for each index before it. So
// any dim with as many values before it is cut the same way. Extents of 1 leave a choice: an equal
// extent wins, in the same place from the front or the back, or the last such;
// else the last candidate, which is not 1.
std::optional<int> counterpart(const Shape& from, int dim, const Shape& to, Kind kind) {
  const std::int64_t before = volume_before(from, dim);
  std::optional<int> equal;
  bool in_place = false;
  std::optional<int> last;
  for (int candidate = 0; candidate < to.rank(); ++candidate) {
    if (volume_before(to, candidate) != before) continue;
    if (to[candidate] == from[dim]) {
      const bool same_place = candidate == dim || candidate - to.rank() == dim - from.rank();
      if (same_place || !in_place) equal = candidate;
      in_place = in_place || same_place;
      if (candidate == dim) break;
    }
    last = candidate;
  }
  if (equal || kind == Kind::Stacked) return equal;
  return last;
}

mesh::Distribution mapped(const TensorSpec& input, const Shape& shape) {
  mesh::Distribution distribution = mesh::normalised(input.distribution);
  const auto before = distribution.placements;
  for (const int axis : {0, 1}) {
    Placement& placement = distribution.placements[static_cast<std::size_t>(axis)];
    if (placement.dim < 0) continue;
    const std::optional<int> dim = counterpart(input.shape, placement.dim, shape, placement.kind);
    if (!dim) {
      throw std::invalid_argument(
          fmt::format("[reshape] {} to {}: no dim of the new shape has the {} values of dim {} "
                      "before it, which is sharded along cluster_axis {}; needs one, or all_gather "
                      "with cluster_axis {} first",
                      to_string(input.shape), to_string(shape),
                      volume_before(input.shape, placement.dim), placement.dim, axis, axis));
    }
    placement.dim = *dim;
  }
  const auto& after = distribution.placements;
  if (before[0].dim < 0 || before[1].dim < 0 || before[0].dim == before[1].dim) {
    return mesh::normalised(distribution);
  }
  const bool rows_first = before[0].dim < before[1].dim;
  if (after[0].dim != after[1].dim && rows_first != (after[0].dim < after[1].dim)) {
    throw std::invalid_argument(
        fmt::format("[reshape] {} to {}: dims {} and {}, sharded along cluster_axis 0 and 1, would "
                    "change order among extents of 1; needs a shape that keeps it",
                    to_string(input.shape), to_string(shape), before[0].dim, before[1].dim));
  }
  // Two dims that become one have an extent of 1 between them: the outer one cuts first.
  distribution.outer_axis = rows_first ? 0 : 1;
  return mesh::normalised(distribution);
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  TensorSpec out = call.inputs[0];
  out.shape = completed(call.inputs[0].shape, call.attributes.integers("shape"));
  out.distribution = mapped(call.inputs[0], out.shape);
  mesh::validate(out);
  return {out};
}

std::int64_t rows_of(const Shape& shape) { return shape.rank() < 2 ? 1 : shape[-2]; }

bool keeps_pages(const TensorSpec& from, const TensorSpec& to) {
  if (row_length(from.shape) != row_length(to.shape)) return false;
  if (from.layout == mesh::Layout::RowMajor) return true;
  const std::int64_t before = rows_of(from.shape);
  const std::int64_t after = rows_of(to.shape);
  return before == after || (before % mesh::kTileExtent == 0 && after % mesh::kTileExtent == 0);
}

sim::Work cost(const mesh::OpCall& call) {
  if (keeps_pages(call.inputs[0], call.outputs[0])) return sim::NoWork{};
  return stream_work(call.inputs, call.outputs);
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const mesh::Shard view = mesh::reshaped(run.inputs[0], out.shape);
  if (row_length(run.call.inputs[0].shape) == row_length(out.shape)) return {view};
  return {mesh::is_block_float(out.dtype) ? mesh::Shard(regrouped(mesh::flatten(view), out.dtype))
                                          : view};
}

}  // namespace

mesh::OpDefinition reshape_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.takes_blocks = true;
  return definition;
}

mesh::Tensor reshape(const mesh::Tensor& input, const Shape& shape) {
  const std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end());
  if (completed(input.shape(), dims) == input.shape()) return input;
  return input.device().enqueue("reshape", std::array{input}, {{"shape", dims}}).front();
}

}  // namespace ttmesh::ops
