#include "ops/attention_layout.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "ops/integer_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Placement;
using mesh::Shape;
using mesh::TensorSpec;
using Kind = mesh::Placement::Kind;

void require_tensor(const AttentionLayout& layout, Operand operand) {
  require_one_mesh(layout.op, {"query", layout.query}, operand);
  require_floating(layout.op, operand);
  require_paid(layout.op, operand);
  if (operand.spec.shape.rank() == 4) return;
  throw std::invalid_argument(fmt::format("[{}] {} is {}, needs rank 4", layout.op, operand.name,
                                          to_string(operand.spec.shape)));
}

void require_shapes(const AttentionLayout& layout) {
  const Shape& query = layout.query.shape;
  const Shape& key = layout.key.shape;
  const Shape& value = layout.value.shape;
  const auto refuse = [&](const char* need) {
    throw std::invalid_argument(fmt::format("[{}] query is {}, key {} and value {}, needs {}",
                                            layout.op, to_string(query), to_string(key),
                                            to_string(value), need));
  };
  if (query[3] != key[3]) refuse("one head dim, the last, of query and key");
  if (key.with(3, 1) != value.with(3, 1)) refuse("as many users, heads and positions of values");
  if (layout.page_table == nullptr && layout.users() != key[0]) refuse("the same users");
  if (layout.query_head_count() % layout.key_head_count() != 0) {
    refuse("query heads that are a multiple of the key heads");
  }
}

Placement normalised_along(const TensorSpec& spec, int axis) {
  return mesh::normalised(spec.distribution).along(axis);
}

// Where another tensor lies when the query lies at `of_query`; its users and heads are dims `users`
// and `heads`.
Placement counterpart(const AttentionLayout& layout, Placement of_query, int users, int heads) {
  if (of_query.kind != Kind::Shard) return of_query;
  return mesh::shard(of_query.dim == layout.query_users ? users : heads);
}

void require_placement(const AttentionLayout& layout, Operand operand, int axis, Placement needed) {
  const Placement found = normalised_along(operand.spec, axis);
  if (found == needed) return;
  throw std::invalid_argument(fmt::format(
      "[{}] {} is {} along cluster_axis {} and query is {}, needs {} {}: {} first", layout.op,
      operand.name, to_string(found), axis, to_string(normalised_along(layout.query, axis)),
      operand.name, to_string(needed),
      needed.kind == Kind::Shard && found.kind == Kind::Replicate
          ? fmt::format("mesh_partition with dim {} and cluster_axis {}", needed.dim, axis)
          : fmt::format("all_gather with cluster_axis {}", axis)));
}

void require_page_table(const AttentionLayout& layout) {
  const Operand table{"page table", *layout.page_table};
  require_one_mesh(layout.op, {"query", layout.query}, table);
  require_integers(layout.op, table);
  require_paid(layout.op, table);
  const Shape& shape = table.spec.shape;
  if (shape.rank() != 2 || (!layout.one_of_table && shape[0] != layout.users()) ||
      (layout.one_of_table && layout.users() != 1)) {
    throw std::invalid_argument(
        fmt::format("[{}] page table is {} and query {}, needs [{}, pages]: a row for each user",
                    layout.op, to_string(shape), to_string(layout.query.shape),
                    layout.one_of_table ? "users" : std::to_string(layout.users())));
  }
  for (const int axis : {0, 1}) {
    const bool by_user = normalised_along(layout.key, axis) == mesh::shard(0);
    require_placement(layout, table, axis, by_user ? mesh::shard(0) : mesh::replicate());
  }
}

// Where keys and values lie along an axis: with the query; or, if the query is one user's, whose
// blocks only some chips hold, users apart.
Placement needed_of_keys(const AttentionLayout& layout, int axis) {
  const Placement of_query = normalised_along(layout.query, axis);
  const bool users_apart = layout.one_of_table && of_query.kind == Kind::Replicate &&
                           normalised_along(layout.key, axis) == mesh::shard(0);
  return users_apart ? mesh::shard(0) : counterpart(layout, of_query, 0, 1);
}

}  // namespace

void require_attention(const AttentionLayout& layout) {
  require_tensor(layout, {"query", layout.query});
  require_tensor(layout, {"key", layout.key});
  require_tensor(layout, {"value", layout.value});
  for (int dim = 0; dim < 4; ++dim) {
    if (dim != layout.query_users && dim != layout.query_heads) {
      require_whole_dim(layout.op, {"query", layout.query}, dim);
    }
  }
  for (const int dim : {2, 3}) {
    require_whole_dim(layout.op, {"key", layout.key}, dim);
    require_whole_dim(layout.op, {"value", layout.value}, dim);
  }
  for (const int axis : {0, 1}) {
    const Placement needed = needed_of_keys(layout, axis);
    require_placement(layout, {"key", layout.key}, axis, needed);
    require_placement(layout, {"value", layout.value}, axis, needed);
  }
  require_shapes(layout);
  if (layout.page_table != nullptr) require_page_table(layout);
}

void require_mask(const AttentionLayout& layout, const TensorSpec& mask) {
  require_tensor(layout, {"attn_mask", mask});
  const Shape& shape = mask.shape;
  const bool users = shape[layout.mask_users] == 1 || shape[layout.mask_users] == layout.users();
  const bool heads =
      shape[layout.mask_heads] == 1 || shape[layout.mask_heads] == layout.query_head_count();
  if (!users || !heads || shape[3] != layout.key_count()) {
    throw std::invalid_argument(fmt::format(
        "[{}] attn_mask is {}, needs 1 or {} users in dim {}, 1 or {} heads in dim {} and {} keys "
        "in dim 3",
        layout.op, to_string(shape), layout.users(), layout.mask_users, layout.query_head_count(),
        layout.mask_heads, layout.key_count()));
  }
  for (const int axis : {0, 1}) {
    const Placement of_query = normalised_along(layout.query, axis);
    Placement needed = counterpart(layout, of_query, layout.mask_users, layout.mask_heads);
    const Placement found = normalised_along(mask, axis);
    // A mask with extent 1 repeats, unless it is what each chip holds of a sharded dim.
    const bool repeats = needed.kind == Kind::Shard && shape[needed.dim] == 1;
    if (repeats && found.kind == Kind::Replicate) needed = found;
    require_placement(layout, {"attn_mask", mask}, axis, needed);
  }
}

float attention_scale(const AttentionLayout& layout, const mesh::Attributes& attributes) {
  if (attributes.has("scale")) return static_cast<float>(attributes.number("scale"));
  return 1.0F / std::sqrt(static_cast<float>(layout.query.shape[3]));
}

std::int64_t sliding_window(const mesh::Attributes& attributes) {
  return attributes.has("sliding_window_size") ? attributes.integer("sliding_window_size") : 0;
}

std::int64_t attention_cycles_per_tile(const AttentionLayout& layout,
                                       const mesh::Attributes& attributes) {
  constexpr std::int64_t kPasses = 4;  // Maximum, difference, sum, rescaling of earlier terms.
  const sim::MathFidelity fidelity = sim::parse_fidelity(attributes.text("fidelity"));
  const std::int64_t products = tiles_of(layout.key.shape[3]) + tiles_of(layout.value.shape[3]);
  return products * sim::cycles_per_tile_product(fidelity) + kExponentialCyclesPerTile +
         kPasses * kElementwiseCyclesPerTile;
}

AttentionTruncation attention_truncation(const AttentionLayout& layout,
                                         const mesh::Attributes& attributes) {
  const sim::MathFidelity fidelity = sim::parse_fidelity(attributes.text("fidelity"));
  return {.scores = truncation_of(fidelity, layout.query.dtype, layout.key.dtype),
          .weights = truncation_of(fidelity, mesh::DataType::Bfloat16, layout.value.dtype)};
}

std::int64_t key_tile_bytes(const AttentionLayout& layout) {
  return tiles_of(layout.key.shape[3]) * mesh::tile_bytes(layout.key.dtype) +
         tiles_of(layout.value.shape[3]) * mesh::tile_bytes(layout.value.dtype);
}

std::int64_t tiles_of(std::int64_t extent) {
  return (extent + mesh::kTileExtent - 1) / mesh::kTileExtent;
}

}  // namespace ttmesh::ops
