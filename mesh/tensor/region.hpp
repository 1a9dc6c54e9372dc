#pragma once

#include <cstdint>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::mesh {

/// Some elements of a block: `rows` runs of `row_length` elements, `stride` apart, from `offset`;
/// of these, counted row after row, the range [begin, end). Rows are those of the tensor where the
/// slice allows it, so block floats know their runs.
struct Region {
  std::int64_t offset = 0;
  std::int64_t rows = 1;
  std::int64_t row_length = 0;
  std::int64_t stride = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;

  std::int64_t size() const { return end - begin; }
  friend constexpr bool operator==(const Region&, const Region&) = default;
};

/// Slice `index` of `count` equal ones of `shape` along `dim`.
[[nodiscard]] Region slice_region(const Shape& shape, int dim, int index, int count);

/// Part `index` of `count` of a region; parts end at row ends where there are at least `count`
/// rows, else at multiples of 32 elements of a row. The remainder goes to the lower parts; parts
/// may be empty.
[[nodiscard]] Region part_of(const Region& region, int index, int count);

/// Part of a shard on the move. Without values in timing-only mode.
struct Piece {
  BlockPtr block;
  Region region;
  std::int64_t bytes = 0;  ///< Emulated payload bytes: whole pages.
};

/// `a + b`, element by element, rounded to `dtype`, as a new piece of the same size and the rows of
/// `a`, which say where the runs of a block float lie. Its block holds nothing else; it is missing
/// if a block of `a` or `b` is. Throws std::invalid_argument if sizes or types do not fit.
[[nodiscard]] Piece add(const Piece& a, const Piece& b, DataType dtype);

/// One block of `shape` from pieces that cover it in order; the pieces' own block, uncopied, if
/// together they are all of it; null if the pieces have no values. Throws std::invalid_argument if
/// they are not as many elements as `shape`.
[[nodiscard]] BlockPtr join(const std::vector<Piece>& pieces, const Shape& shape);

}  // namespace ttmesh::mesh
