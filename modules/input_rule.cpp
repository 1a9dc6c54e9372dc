#include "modules/input_rule.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "ops/reshape.hpp"

namespace ttmesh::modules {
namespace {

using Kind = mesh::Placement::Kind;

// The collective or op that turns what was found along one axis into what is needed.
std::string missing_op(const mesh::Placement& found, const mesh::Placement& needed, int axis) {
  if (found == needed) return {};
  const bool owed = found.kind == Kind::Partial || found.kind == Kind::Stacked;
  const char* op = nullptr;
  if (found.kind == Kind::Stacked) {
    op = "fast_reduce_nc over the stacked dim";
  } else if (owed) {
    op = needed.kind == Kind::Shard ? "reduce_scatter" : "all_reduce";
  } else if (needed.kind == Kind::Replicate) {
    op = "all_gather";
  } else if (found.kind == Kind::Replicate) {
    op = "mesh_partition";
  } else {
    op = "all_gather and mesh_partition";
  }
  const int dim = needed.kind == Kind::Shard ? needed.dim : found.dim;
  return dim < 0 ? fmt::format("; {} with cluster_axis {} first", op, axis)
                 : fmt::format("; {} with dim {} and cluster_axis {} first", op, dim, axis);
}

// Sums that are owed are paid, too.
mesh::Distribution with_last_dim_whole(mesh::Distribution distribution) {
  for (mesh::Placement& placement : distribution.placements) {
    const bool kept = placement.kind == Kind::Shard && placement.dim < 3;
    if (!kept) placement = mesh::replicate();
  }
  return mesh::normalised(distribution);
}

std::int64_t rows_of(const mesh::Tensor& x) { return x.shape()[-2]; }

}  // namespace

void require_input(const mesh::Tensor& x, const InputRule& rule) {
  if (!x) {
    throw std::invalid_argument(
        fmt::format("[{}] the {} is empty, needs a tensor", rule.function, rule.what));
  }
  if (!(x.device() == rule.device)) {
    throw std::invalid_argument(fmt::format(
        "[{}] the {} lives on another mesh device ({}), needs that of the weights ({})",
        rule.function, rule.what, to_string(x.device().shape()), to_string(rule.device.shape())));
  }
  const mesh::Distribution found = mesh::normalised(x.distribution());
  const mesh::Distribution needed = rule.distribution.value_or(with_last_dim_whole(found));
  if (found != needed) {
    std::string missing;
    for (const int axis : {0, 1}) {
      missing += missing_op(found.along(axis), needed.along(axis), axis);
    }
    throw std::invalid_argument(fmt::format("[{}] the {} is placed {}, needs {}{}", rule.function,
                                            rule.what, to_string(found), to_string(needed),
                                            missing));
  }
  const mesh::Shape& shape = x.shape();
  if (shape.rank() != 4 || (!rule.any_leading && shape[0] * shape[1] != 1) ||
      shape[3] != rule.width) {
    throw std::invalid_argument(
        fmt::format("[{}] the {} has shape {} on each chip, needs [{}, rows, {}]", rule.function,
                    rule.what, to_string(shape), rule.any_leading ? ".., .." : "1, 1", rule.width));
  }
  if (x.layout() != mesh::Layout::Tile) {
    throw std::invalid_argument(
        fmt::format("[{}] the {} is row-major, needs tile layout", rule.function, rule.what));
  }
  if (rule.memory && x.memory() != *rule.memory) {
    throw std::invalid_argument(fmt::format(
        "[{}] Input tensor memory config does not match the config!: found {}, needs {}",
        rule.function, to_string(x.memory()), to_string(*rule.memory)));
  }
}

void require_decode_rows(const char* function, const mesh::Tensor& x, int max_batch_size) {
  const std::int64_t most =
      (max_batch_size + mesh::kTileExtent - 1) / mesh::kTileExtent * mesh::kTileExtent;
  if (rows_of(x) > most) {
    throw std::invalid_argument(
        fmt::format("[{}] the input has {} rows, needs at most {} for "
                    "max_batch_size {}",
                    function, rows_of(x), most, max_batch_size));
  }
}

void require_prefill_rows(const char* function, const mesh::Tensor& x, std::int64_t cutoff) {
  const std::int64_t rows = rows_of(x);
  if (rows % mesh::kTileExtent != 0) {
    throw std::invalid_argument(
        fmt::format("[{}] the sequence length is {}, needs a multiple of {}", function, rows,
                    mesh::kTileExtent));
  }
  if (rows >= cutoff && rows % cutoff != 0) {
    throw std::invalid_argument(
        fmt::format("[{}] the sequence length is {}, needs a multiple of prefill_len_cutoff {}",
                    function, rows, cutoff));
  }
}

mesh::Tensor folded(const mesh::Tensor& x, std::int64_t cutoff) {
  const std::int64_t rows = rows_of(x);
  if (rows < cutoff) return x;
  return ops::reshape(x, {1, rows / cutoff, cutoff, x.shape()[-1]});
}

}  // namespace ttmesh::modules
