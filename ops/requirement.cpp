#include "ops/requirement.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ttmesh::ops {
namespace {

using mesh::Placement;
using Kind = mesh::Placement::Kind;

constexpr int kAxes[] = {0, 1};

}  // namespace

void require_paid(const char* op, Operand operand) {
  const mesh::Distribution distribution = mesh::normalised(operand.spec.distribution);
  for (const int axis : kAxes) {
    const Placement placement = distribution.along(axis);
    if (placement.kind == Kind::Partial) {
      throw std::invalid_argument(
          fmt::format("[{0}] {1} is Partial along cluster_axis {2}; needs all_reduce or "
                      "reduce_scatter with cluster_axis {2} first",
                      op, operand.name, axis));
    }
    if (placement.kind == Kind::Stacked) {
      throw std::invalid_argument(
          fmt::format("[{}] {} is {} along cluster_axis {}; needs fast_reduce_nc over dim {} first",
                      op, operand.name, to_string(placement), axis, placement.dim));
    }
  }
}

void require_whole_dim(const char* op, Operand operand, int dim) {
  const mesh::Distribution distribution = mesh::normalised(operand.spec.distribution);
  for (const int axis : kAxes) {
    if (distribution.along(axis) == mesh::shard(dim)) {
      throw std::invalid_argument(
          fmt::format("[{0}] {1} is Shard({2}) along cluster_axis {3}, needs dim {2} whole on each "
                      "chip: all_gather with dim {2} and cluster_axis {3} first",
                      op, operand.name, dim, axis));
    }
  }
}

void require_replicated(const char* op, Operand operand) {
  require_paid(op, operand);
  const mesh::Distribution distribution = mesh::normalised(operand.spec.distribution);
  for (const int axis : kAxes) {
    const Placement placement = distribution.along(axis);
    if (placement.kind == Kind::Replicate) continue;
    throw std::invalid_argument(fmt::format(
        "[{0}] {1} is {2} along cluster_axis {3}, needs Replicate: all_gather with dim {4} and "
        "cluster_axis {3} first",
        op, operand.name, to_string(placement), axis, placement.dim));
  }
}

void require_one_mesh(const char* op, Operand a, Operand b) {
  if (a.spec.distribution.mesh == b.spec.distribution.mesh) return;
  throw std::invalid_argument(fmt::format("[{}] {} lies on a {} mesh and {} on {}, needs one", op,
                                          a.name, to_string(a.spec.distribution.mesh), b.name,
                                          to_string(b.spec.distribution.mesh)));
}

void require_floating(const char* op, Operand operand) {
  if (mesh::is_floating(operand.spec.dtype)) return;
  throw std::invalid_argument(fmt::format("[{}] {} is {}, needs a floating-point dtype", op,
                                          operand.name, mesh::name(operand.spec.dtype)));
}

}  // namespace ttmesh::ops
