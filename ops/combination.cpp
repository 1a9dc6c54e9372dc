#include "ops/combination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace ttmesh::ops {
namespace {

using mesh::Distribution;
using mesh::Placement;
using mesh::Shape;
using Kind = mesh::Placement::Kind;

bool owes(const Placement& placement) {
  return placement.kind == Kind::Partial || placement.kind == Kind::Stacked;
}

std::string payment(const Placement& placement, int axis) {
  if (placement.kind == Kind::Stacked) {
    return fmt::format("fast_reduce_nc over dim {}", placement.dim);
  }
  return fmt::format("all_reduce or reduce_scatter with cluster_axis {}", axis);
}

Shape with_leading_ones(const Shape& shape, int rank) {
  std::vector<std::int64_t> dims(static_cast<std::size_t>(rank - shape.rank()), 1);
  dims.insert(dims.end(), shape.dims().begin(), shape.dims().end());
  return Shape(std::move(dims));
}

// An operand with the rank of the result.
struct Side {
  const char* name;
  Distribution distribution;
  Shape global;

  Side(Operand operand, int rank)
      : name(operand.name),
        distribution(with_leading_dims(mesh::normalised(operand.spec.distribution),
                                       operand.spec.shape.rank(), rank)),
        global(with_leading_ones(
            mesh::global_shape(operand.spec.shape, mesh::normalised(operand.spec.distribution)),
            rank)) {}
};

struct Rule {
  const char* op;
  Combination combination;
  int axis;
};

[[noreturn]] void refuse(const Rule& rule, const Side& a, const Side& b, const std::string& need) {
  throw std::invalid_argument(
      fmt::format("[{}] {} is {} along cluster_axis {} and {} is {}; needs {}", rule.op, a.name,
                  to_string(a.distribution.along(rule.axis)), rule.axis, b.name,
                  to_string(b.distribution.along(rule.axis)), need));
}

// `owing` owes a sum, alone or together with `other`.
Placement owed(const Rule& rule, const Side& owing, const Side& other) {
  const Placement sum = owing.distribution.along(rule.axis);
  const Placement met = other.distribution.along(rule.axis);
  if (rule.combination == Combination::Sum) {
    const bool repeats =
        sum == met && sum.kind == Kind::Stacked && owing.global[sum.dim] != other.global[sum.dim];
    if (sum == met && !repeats) return sum;
  } else if (met.kind == Kind::Replicate &&
             (sum.kind == Kind::Partial || other.global[sum.dim] == 1)) {
    return sum;
  }
  refuse(rule, owing, other, fmt::format("{} first", payment(sum, rule.axis)));
}

// `cut` is sharded and `whole` is not.
Placement repeated(const Rule& rule, const Side& cut, const Side& whole) {
  const Placement shard = cut.distribution.along(rule.axis);
  if (whole.global[shard.dim] == 1) return shard;
  refuse(rule, cut, whole,
         fmt::format("mesh_partition of {} over dim {} with cluster_axis {}, or extent 1 there "
                     "(found {})",
                     whole.name, shard.dim, rule.axis, whole.global[shard.dim]));
}

Placement placement(const Rule& rule, const Side& a, const Side& b) {
  const Placement in_a = a.distribution.along(rule.axis);
  const Placement in_b = b.distribution.along(rule.axis);
  if (owes(in_a)) return owed(rule, a, b);
  if (owes(in_b)) return owed(rule, b, a);
  if (in_a == in_b) {
    if (in_a.kind == Kind::Shard && a.global[in_a.dim] != b.global[in_a.dim]) {
      refuse(rule, a, b,
             fmt::format("equal global extents in dim {} (found {} and {})", in_a.dim,
                         a.global[in_a.dim], b.global[in_a.dim]));
    }
    return in_a;
  }
  if (in_b.kind == Kind::Replicate) return repeated(rule, a, b);
  if (in_a.kind == Kind::Replicate) return repeated(rule, b, a);
  refuse(rule, a, b,
         fmt::format("one sharding: all_gather of one of them with cluster_axis {}", rule.axis));
}

bool is_nested(const Distribution& distribution) {
  const Placement& rows = distribution.along(0);
  return rows.kind == Kind::Shard && rows == distribution.along(1);
}

}  // namespace

Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  const Shape left = with_leading_ones(a, rank);
  const Shape right = with_leading_ones(b, rank);
  Shape result = left;
  for (int dim = 0; dim < rank; ++dim) {
    if (left[dim] != right[dim] && left[dim] != 1 && right[dim] != 1) {
      throw std::invalid_argument(
          fmt::format("[{}] shapes {} and {} differ in dim {}, needs equal extents or 1", op,
                      to_string(a), to_string(b), dim));
    }
    result = result.with(dim, std::max(left[dim], right[dim]));
  }
  return result;
}

Distribution with_leading_dims(Distribution distribution, int rank, int new_rank) {
  for (Placement& placement : distribution.placements) {
    if (placement.dim >= 0) placement.dim += new_rank - rank;
  }
  return distribution;
}

Distribution combined_distribution(const char* op, Combination combination, Operand a, Operand b) {
  if (a.spec.distribution.mesh != b.spec.distribution.mesh) {
    throw std::invalid_argument(fmt::format("[{}] {} lies on a {} mesh and {} on {}, needs one", op,
                                            a.name, to_string(a.spec.distribution.mesh), b.name,
                                            to_string(b.spec.distribution.mesh)));
  }
  const int rank = std::max(a.spec.shape.rank(), b.spec.shape.rank());
  const Side left(a, rank);
  const Side right(b, rank);
  Distribution result = is_nested(right.distribution) ? right.distribution : left.distribution;
  for (const int axis : {0, 1}) {
    result.placements[static_cast<std::size_t>(axis)] =
        placement({op, combination, axis}, left, right);
  }
  if (is_nested(left.distribution) && is_nested(right.distribution) &&
      left.distribution.outer_axis != right.distribution.outer_axis) {
    throw std::invalid_argument(fmt::format(
        "[{}] {} is cut along cluster_axis {} first and {} along {}, needs one order", op, a.name,
        left.distribution.outer_axis, b.name, right.distribution.outer_axis));
  }
  return mesh::normalised(result);
}

}  // namespace ttmesh::ops
