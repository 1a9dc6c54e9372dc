#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace ttmesh::mesh {

constexpr std::int64_t kTileExtent = 32;  ///< Rows and columns of a tile.

/// Extents of a tensor, outermost first.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<std::int64_t> dims) : dims_(std::move(dims)) {}

  int rank() const { return static_cast<int>(dims_.size()); }
  /// Extent of `dim`; negative counts from the end. Throws std::invalid_argument out of range.
  std::int64_t operator[](int dim) const { return dims_[static_cast<std::size_t>(index(dim))]; }
  /// `dim` as 0 to rank-1. Throws std::invalid_argument if out of range.
  int index(int dim) const;
  /// Number of elements; 1 for rank 0.
  std::int64_t volume() const;
  std::span<const std::int64_t> dims() const { return dims_; }

  /// The same shape with `extent` at `dim`.
  [[nodiscard]] Shape with(int dim, std::int64_t extent) const;

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::vector<std::int64_t> dims_;
};

/// "[1, 1, 32, 8192]"
[[nodiscard]] std::string to_string(const Shape& shape);

/// The last two dims rounded up to whole tiles; rank 1 and 0 count as one row.
[[nodiscard]] Shape tile_padded(const Shape& shape);

/// Number of 32x32 tiles that hold `shape`, padding included.
[[nodiscard]] std::int64_t tile_count(const Shape& shape);

}  // namespace ttmesh::mesh
