#include "mesh/tensor/shape.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace ttmesh::mesh {
namespace {

std::int64_t whole_tiles(std::int64_t extent) {
  return (extent + kTileExtent - 1) / kTileExtent * kTileExtent;
}

}  // namespace

int Shape::index(int dim) const {
  const int from_front = dim < 0 ? dim + rank() : dim;
  if (from_front < 0 || from_front >= rank()) {
    throw std::invalid_argument(
        fmt::format("[Shape] dim {} is out of range for a tensor of rank {}, needs {} to {}", dim,
                    rank(), -rank(), rank() - 1));
  }
  return from_front;
}

std::int64_t Shape::volume() const {
  std::int64_t volume = 1;
  for (const std::int64_t extent : dims_) volume *= extent;
  return volume;
}

Shape Shape::with(int dim, std::int64_t extent) const {
  Shape changed = *this;
  changed.dims_[static_cast<std::size_t>(index(dim))] = extent;
  return changed;
}

std::string to_string(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape.dims(), ", "));
}

Shape tile_padded(const Shape& shape) {
  if (shape.rank() == 0) return {kTileExtent, kTileExtent};
  if (shape.rank() == 1) return {kTileExtent, whole_tiles(shape[0])};
  return shape.with(-2, whole_tiles(shape[-2])).with(-1, whole_tiles(shape[-1]));
}

std::int64_t tile_count(const Shape& shape) {
  return tile_padded(shape).volume() / (kTileExtent * kTileExtent);
}

}  // namespace ttmesh::mesh
