#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "ops/held_values.hpp"
#include "ops/pages.hpp"
#include "ops/row_products.hpp"

namespace ttmesh::ops {

/// Positions of keys, or of the queries that see them: from `begin` to before `end`.
struct KeyRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Keys or values of one head after another, in the type of the products that take them.
///
/// A block [users, heads, positions, width] has a matrix for each user and head. With pages it is a
/// paged cache [blocks, heads, positions of a block, width], and rows come from the pages that are
/// asked for.
class KeyRows {
 public:
  /// `pages`, if any, outlives this.
  KeyRows(const mesh::Block& block, mesh::HeldType type, const Pages* pages = nullptr);

  /// Rows `first` to `first + count - 1` of matrix `matrix`, counted through users and heads. Pages
  /// without a position in `seen` are not looked up; their rows are 0. Valid until the next call.
  /// Throws std::invalid_argument if a page that is seen is none of the cache's blocks.
  const std::byte* at(std::int64_t matrix, std::int64_t first, std::int64_t count,
                      const KeyRange& seen);

  /// Rows of a matrix from `first` on, at most `count` and as many as lie side by side, where and
  /// as the block holds them. Throws as `at`.
  HeldRows held(std::int64_t matrix, std::int64_t first, std::int64_t count) const;

  /// Rows of a matrix.
  std::int64_t count() const { return count_; }
  std::int64_t width() const { return width_; }

 private:
  const std::byte* gathered(std::int64_t matrix, std::int64_t first, std::int64_t count,
                            const KeyRange& seen);

  std::shared_ptr<const mesh::Buffer> plain_;
  FloatReader reader_;
  const Pages* pages_;
  mesh::HeldType held_type_;
  bool is_held_;
  std::int64_t value_bytes_;
  std::int64_t heads_;
  std::int64_t block_rows_;
  std::int64_t count_;
  std::int64_t width_;
  std::vector<float> converted_;
  std::vector<std::byte> rows_;
};

}  // namespace ttmesh::ops
