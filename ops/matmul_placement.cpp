#include "ops/matmul_placement.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>
#include <string>

#include "ops/combination.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Distribution;
using mesh::Placement;
using Kind = mesh::Placement::Kind;

// Both operands with the rank of the product, so that a dim means the same in all three.
struct Factors {
  const char* op;
  int rank;
  Distribution a;
  Distribution b;
  mesh::Shape a_shape;  ///< Global.
  mesh::Shape b_shape;
  int a_added;  ///< Leading dims that the alignment added.
  int b_added;

  int k_of_a() const { return rank - 1; }
  int k_of_b() const { return rank - 2; }
  int n_of_b() const { return rank - 1; }
};

// The placement in terms of the operand's own dims.
std::string own(Placement placement, int added) {
  if (placement.dim >= 0) placement.dim -= added;
  return to_string(placement);
}

[[noreturn]] void refuse(const Factors& factors, int axis, const std::string& what,
                         const std::string& need) {
  throw std::invalid_argument(
      fmt::format("[{}] {}: input a is {} along cluster_axis {} and input b is {}; needs {}",
                  factors.op, what, own(factors.a.along(axis), factors.a_added), axis,
                  own(factors.b.along(axis), factors.b_added), need));
}

bool is_shard(const Placement& placement, int dim) { return placement == mesh::shard(dim); }

Placement product_placement(const Factors& factors, int axis) {
  const Placement a = factors.a.along(axis);
  const Placement b = factors.b.along(axis);
  const bool a_inner = is_shard(a, factors.k_of_a());
  const bool b_inner = is_shard(b, factors.k_of_b());
  if (a_inner && b_inner) return mesh::partial();
  if (a_inner) {
    refuse(
        factors, axis, "the inner dim is sharded on input a only",
        fmt::format("input b Shard({}), or all_gather of input a with dim {} and cluster_axis "
                    "{} first",
                    factors.k_of_b() - factors.b_added, factors.k_of_a() - factors.a_added, axis));
  }
  if (b_inner) {
    refuse(
        factors, axis, "the inner dim is sharded on input b only",
        fmt::format("input a Shard({}): mesh_partition or reduce_scatter with dim {} and "
                    "cluster_axis {} first",
                    factors.k_of_a() - factors.a_added, factors.k_of_a() - factors.a_added, axis));
  }
  if (b.kind == Kind::Replicate) {
    const bool batch = a.kind == Kind::Shard && a.dim < factors.rank - 2;
    if (batch && factors.b_shape[a.dim] != 1) {
      refuse(factors, axis, fmt::format("batch dim {} is sharded on input a only", a.dim),
             fmt::format("mesh_partition of input b over dim {} with cluster_axis {} first",
                         a.dim - factors.b_added, axis));
    }
    const bool stacked_inner = a.kind == Kind::Stacked && a.dim == factors.k_of_a();
    if (!stacked_inner) return a;
  }
  if (a.kind == Kind::Replicate) {
    if (is_shard(b, factors.n_of_b()) || b.kind == Kind::Partial) return b;
    if (b.kind == Kind::Shard && factors.a_shape[b.dim] == 1) return b;
  }
  const bool owed = a.kind == Kind::Partial || b.kind == Kind::Partial;
  if (owed) {
    refuse(factors, axis, "a sum is still owed",
           fmt::format("all_reduce or reduce_scatter with cluster_axis {} first", axis));
  }
  if (a.kind == Kind::Stacked || b.kind == Kind::Stacked) {
    refuse(factors, axis, "a sum is still owed", "fast_reduce_nc over the stacked dim first");
  }
  if (a == b && a.dim < factors.rank - 2) return a;
  refuse(factors, axis, "each chip would hold a block off the others' rows and columns",
         fmt::format("all_gather of one of them with cluster_axis {} first", axis));
}

bool cuts_inner_twice(const Distribution& distribution, int dim) {
  return is_shard(distribution.along(0), dim) && is_shard(distribution.along(1), dim);
}

}  // namespace

Distribution product_distribution(const char* op, const mesh::TensorSpec& a,
                                  const mesh::TensorSpec& b, int rank) {
  if (a.distribution.mesh != b.distribution.mesh) {
    throw std::invalid_argument(
        fmt::format("[{}] input a lies on a {} mesh and input b on {}, needs one", op,
                    to_string(a.distribution.mesh), to_string(b.distribution.mesh)));
  }
  const auto aligned = [rank](const mesh::TensorSpec& spec) {
    return with_leading_dims(mesh::normalised(spec.distribution), spec.shape.rank(), rank);
  };
  const auto aligned_shape = [&](const mesh::TensorSpec& spec) {
    const mesh::Shape ones(std::vector<std::int64_t>(static_cast<std::size_t>(rank), 1));
    return mesh::global_shape(broadcast_shape(op, spec.shape, ones), aligned(spec));
  };
  const Factors factors{.op = op,
                        .rank = rank,
                        .a = aligned(a),
                        .b = aligned(b),
                        .a_shape = aligned_shape(a),
                        .b_shape = aligned_shape(b),
                        .a_added = rank - a.shape.rank(),
                        .b_added = rank - b.shape.rank()};
  if (cuts_inner_twice(factors.a, factors.k_of_a()) &&
      cuts_inner_twice(factors.b, factors.k_of_b()) &&
      factors.a.outer_axis != factors.b.outer_axis) {
    throw std::invalid_argument(fmt::format(
        "[{}] the inner dim is cut along cluster_axis {} first on input a and along {} on input b, "
        "needs one order",
        op, factors.a.outer_axis, factors.b.outer_axis));
  }
  const Placement rows = product_placement(factors, 0);
  const Placement cols = product_placement(factors, 1);
  Distribution result{.mesh = a.distribution.mesh, .placements = {rows, cols}};
  const bool from_a = cuts_inner_twice(factors.a, rows.dim);
  result.outer_axis = from_a ? factors.a.outer_axis : factors.b.outer_axis;
  return mesh::normalised(result);
}

}  // namespace ttmesh::ops
