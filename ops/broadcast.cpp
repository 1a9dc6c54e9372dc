#include "ops/broadcast.hpp"

namespace ttmesh::ops {

BroadcastRows::BroadcastRows(const mesh::Shape& shape, const mesh::Shape& result)
    : length_(shape.rank() == 0 ? 1 : shape[-1]), is_identity_(shape.volume() == result.volume()) {
  std::int64_t stride = length_;
  for (int back = 2; back <= result.rank(); ++back) {
    const std::int64_t extent = back <= shape.rank() ? shape[-back] : 1;
    dims_.push_back({.extent = result[-back], .stride = extent == 1 ? 0 : stride});
    stride *= extent;
  }
}

std::int64_t BroadcastRows::offset(std::int64_t row) const {
  if (is_identity_) return row * length_;
  std::int64_t offset = 0;
  for (const Dim& dim : dims_) {
    offset += row % dim.extent * dim.stride;
    row /= dim.extent;
  }
  return offset;
}

}  // namespace ttmesh::ops
