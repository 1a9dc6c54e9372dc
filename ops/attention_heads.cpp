#include "ops/attention_heads.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ttmesh::ops {

HeadCounts head_counts(const char* op, const mesh::Attributes& attributes) {
  const HeadCounts counts{.queries = attributes.integer("num_heads"),
                          .keys = attributes.integer("num_kv_heads")};
  if (counts.queries < 1 || counts.keys < 1 || counts.queries % counts.keys != 0) {
    throw std::invalid_argument(fmt::format(
        "[{}] num_heads is {} and num_kv_heads {} on each chip, needs positive numbers, "
        "the first a multiple of the second",
        op, counts.queries, counts.keys));
  }
  return counts;
}

std::int64_t head_dim(const char* op, std::int64_t width, const HeadCounts& counts) {
  if (width % counts.all() != 0) {
    throw std::invalid_argument(
        fmt::format("[{}] rows have {} values on each chip, needs a multiple of the {} query, {} "
                    "key and {} value heads",
                    op, width, counts.queries, counts.keys, counts.keys));
  }
  return width / counts.all();
}

void require_rank_4(const char* op, const mesh::TensorSpec& input, int one) {
  if (input.shape.rank() == 4 && input.shape[one] == 1) return;
  throw std::invalid_argument(fmt::format("[{}] input is {}, needs rank 4 and extent 1 in dim {}",
                                          op, to_string(input.shape), one));
}

mesh::Distribution moved_dims(const char* op, const mesh::TensorSpec& input,
                              const std::array<int, 4>& to) {
  mesh::Distribution moved = mesh::normalised(input.distribution);
  for (const int axis : {0, 1}) {
    mesh::Placement& placement = moved.placements[static_cast<std::size_t>(axis)];
    if (placement.dim < 0) continue;
    const int dim = to[static_cast<std::size_t>(placement.dim)];
    const bool splits_terms =
        placement.kind == mesh::Placement::Kind::Stacked && dim != placement.dim;
    if (dim < 0 || splits_terms) {
      throw std::invalid_argument(fmt::format(
          "[{}] input is {} along cluster_axis {}, needs dim {} whole on each chip: {} first", op,
          to_string(placement), axis, placement.dim,
          placement.kind == mesh::Placement::Kind::Stacked
              ? fmt::format("fast_reduce_nc over dim {}", placement.dim)
              : fmt::format("all_gather with dim {} and cluster_axis {}", placement.dim, axis)));
    }
    placement.dim = dim;
  }
  return mesh::normalised(moved);
}

}  // namespace ttmesh::ops
