#include "mesh/tensor/placement.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

namespace ttmesh::mesh {
namespace {

constexpr std::array kAxes{0, 1};

using Kind = Placement::Kind;

bool shards(const Placement& placement) { return placement.kind == Kind::Shard; }

// Both axes cut the same dim of a tensor of `rank`.
bool is_nested(const Distribution& distribution, const Shape& shape) {
  const auto& [rows, cols] = distribution.placements;
  return shards(rows) && shards(cols) && shape.index(rows.dim) == shape.index(cols.dim);
}

}  // namespace

std::string to_string(const Placement& placement) {
  switch (placement.kind) {
    case Kind::Replicate:
      return "Replicate";
    case Kind::Shard:
      return fmt::format("Shard({})", placement.dim);
    case Kind::Partial:
      return "Partial";
    case Kind::Stacked:
      return fmt::format("Stacked({})", placement.dim);
  }
  return {};
}

std::string to_string(const Distribution& distribution) {
  const auto& [rows, cols] = distribution.placements;
  const bool columns_first =
      shards(rows) && shards(cols) && rows.dim == cols.dim && distribution.outer_axis == 1;
  return fmt::format("[{}, {}]{}", to_string(rows), to_string(cols),
                     columns_first ? " columns outermost" : "");
}

Distribution normalised(Distribution distribution) {
  for (const int axis : kAxes) {
    if (distribution.mesh.extent(axis) == 1) {
      distribution.placements[static_cast<std::size_t>(axis)] = replicate();
    }
  }
  const auto& [rows, cols] = distribution.placements;
  if (!shards(rows) || !shards(cols) || rows.dim != cols.dim) distribution.outer_axis = 0;
  return distribution;
}

Distribution resolved(Distribution distribution, int rank) {
  const Shape shape(std::vector<std::int64_t>(static_cast<std::size_t>(rank), 1));
  for (Placement& placement : distribution.placements) {
    if (shards(placement) || placement.kind == Kind::Stacked) {
      placement.dim = shape.index(placement.dim);
    }
  }
  return normalised(distribution);
}

bool owes_sum(const Distribution& distribution) {
  for (const int axis : kAxes) {
    const Kind kind = distribution.along(axis).kind;
    if (kind == Kind::Partial || kind == Kind::Stacked) return true;
  }
  return false;
}

Shape global_shape(const Shape& local, const Distribution& distribution) {
  Shape global = local;
  for (const int axis : kAxes) {
    const Placement& placement = distribution.along(axis);
    if (!shards(placement)) continue;
    global = global.with(placement.dim, global[placement.dim] * distribution.mesh.extent(axis));
  }
  return global;
}

Shape local_shape(const Shape& global, const Distribution& distribution) {
  Shape parts(std::vector<std::int64_t>(global.dims().size(), 1));
  for (const int axis : kAxes) {
    const Placement& placement = distribution.along(axis);
    if (!shards(placement)) continue;
    parts = parts.with(placement.dim, parts[placement.dim] * distribution.mesh.extent(axis));
  }
  Shape local = global;
  for (int dim = 0; dim < global.rank(); ++dim) {
    if (global[dim] % parts[dim] != 0) {
      throw std::invalid_argument(fmt::format(
          "[local_shape] dim {} of {} has extent {}, which does not divide over {} chips, needs a "
          "multiple of {}",
          dim, to_string(global), global[dim], parts[dim], parts[dim]));
    }
    local = local.with(dim, global[dim] / parts[dim]);
  }
  return local;
}

Shape local_origin(const Shape& local, const Distribution& distribution, Coordinate chip) {
  Shape origin(std::vector<std::int64_t>(local.dims().size(), 0));
  const auto& [rows, cols] = distribution.placements;
  if (is_nested(distribution, local)) {
    const int outer = distribution.outer_axis;
    const int inner = 1 - outer;
    const int part = chip.along(outer) * distribution.mesh.extent(inner) + chip.along(inner);
    return origin.with(rows.dim, part * local[rows.dim]);
  }
  if (shards(rows)) origin = origin.with(rows.dim, chip.row * local[rows.dim]);
  if (shards(cols)) origin = origin.with(cols.dim, chip.col * local[cols.dim]);
  return origin;
}

std::uint64_t part_index(const Distribution& distribution, Coordinate chip) {
  int index = 0;
  for (const int axis : {0, 1}) {
    if (distribution.along(axis).kind != Placement::Kind::Shard) continue;
    index = index * distribution.mesh.extent(axis) + chip.along(axis);
  }
  return static_cast<std::uint64_t>(index);
}

void require_no_partial(const char* op, const Distribution& distribution) {
  for (const int axis : kAxes) {
    const Placement& placement = distribution.along(axis);
    if (placement.kind == Kind::Partial) {
      throw std::invalid_argument(
          fmt::format("[{0}] input is Partial along cluster_axis {1}; needs all_reduce or "
                      "reduce_scatter with cluster_axis {1} first",
                      op, axis));
    }
    if (placement.kind == Kind::Stacked) {
      throw std::invalid_argument(
          fmt::format("[{0}] input is {2} along cluster_axis {1}; needs fast_reduce_nc over dim "
                      "{3} first",
                      op, axis, to_string(placement), placement.dim));
    }
  }
}

}  // namespace ttmesh::mesh
