#pragma once

#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

// The keys or the values of past tokens, changed in place. A cache is [users, heads, positions,
// head dim] per chip or, paged, [blocks, heads, positions of a block, head dim] with a page table
// [users, blocks of a user] of integers: user u's position p is in block `table[u][p / block]`.
// Rows are rounded to the cache's number format. On a mesh heads are Shard{1} and users (or the
// blocks of a line's users) Shard{0}, each along one axis, or Replicate.

/// Writes a prompt's keys or values: positions 0 to S-1 of one user.
///
/// Shapes:    cache [B, H, P, D], input [1, H, S, D] per chip, S <= P.
/// Placement: the input's heads (dim 1) as the cache's. `user` counts over all chips; where users
///            are sharded the chips of other users change nothing.
/// Cost:      reads the input once and writes it once.
/// Throws:    std::invalid_argument if shapes or placements do not fit or there is no such user.
/// Source:    ttnn.fill_cache.
void fill_cache(const mesh::Tensor& cache, const mesh::Tensor& input, int user);

/// The same for a paged cache.
///
/// Shapes:    cache [N, H, L, D], input [1, H, S, D], page_table [B, M] per chip, S <= M * L.
/// Placement: as fill_cache; the page table's users (dim 0) as the cache's blocks.
/// Throws:    std::invalid_argument as fill_cache; the chip fails if the table names no block.
/// Source:    ttnn.experimental.paged_fill_cache.
void paged_fill_cache(const mesh::Tensor& cache, const mesh::Tensor& input,
                      const mesh::Tensor& page_table, int user);

/// Writes one token of every user, each at its own position; a user at position -1 is idle.
///
/// Shapes:    cache [B, H, P, D] or paged [N, H, L, D] with page_table [B, M]; input
///            [1, B, H', D], H' >= H (rows beyond the heads are padding); positions [B] per chip.
/// Placement: the input's users (dim 1) and heads (dim 2), the positions' and the table's users
///            (dim 0) as the cache's users or blocks, and heads.
/// Cost:      for each user and head reads and writes the tile that the row is in.
/// Throws:    std::invalid_argument if shapes or placements do not fit; the chip fails if a
///            position is beyond the cache or the table names no block.
/// Source:    ttnn.experimental.paged_update_cache.
void paged_update_cache(const mesh::Tensor& cache, const mesh::Tensor& input,
                        const mesh::Tensor& positions,
                        const std::optional<mesh::Tensor>& page_table = std::nullopt);

[[nodiscard]] mesh::OpDefinition fill_cache_definition();
[[nodiscard]] mesh::OpDefinition paged_fill_cache_definition();
[[nodiscard]] mesh::OpDefinition paged_update_cache_definition();

}  // namespace ttmesh::ops
