#pragma once

#include <cstdint>
#include <vector>

#include "mesh/tensor/shape.hpp"

namespace ttmesh::ops {

/// Where the rows (runs along the last dim) of a repeated tensor lie, for every row of the result.
class BroadcastRows {
 public:
  /// `shape` broadcasts to `result`.
  BroadcastRows(const mesh::Shape& shape, const mesh::Shape& result);

  /// First element of the row that row `row` of the result reads.
  std::int64_t offset(std::int64_t row) const;
  /// Elements of such a row: the result's, or 1 that repeats.
  std::int64_t length() const { return length_; }
  /// Whether row i of the result is row i of the tensor, without any repetition.
  bool is_identity() const { return is_identity_; }

 private:
  struct Dim {
    std::int64_t extent;  ///< Of the result.
    std::int64_t stride;  ///< Of the tensor; 0 where it repeats.
  };

  std::vector<Dim> dims_;  ///< All but the last, innermost first.
  std::int64_t length_;
  bool is_identity_;
};

}  // namespace ttmesh::ops
