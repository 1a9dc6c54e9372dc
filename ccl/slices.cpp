#include "ccl/slices.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ttmesh::ccl {

int index_of_dim(const char* op, const mesh::Shape& shape, int dim) {
  const int rank = shape.rank();
  if (dim < -rank || dim >= rank) {
    throw std::invalid_argument(
        fmt::format("[{}] dim {} is out of range for a tensor of rank {}", op, dim, rank));
  }
  return dim < 0 ? dim + rank : dim;
}

int axis_of_lines(const char* op, const mesh::Attributes& attributes) {
  const std::int64_t axis = attributes.integer("cluster_axis");
  if (axis == 0 || axis == 1) return static_cast<int>(axis);
  throw std::invalid_argument(fmt::format(
      "[{}] cluster_axis is {}, 0 (chips of a column) or 1 (chips of a row) is needed", op, axis));
}

std::int64_t slice_step(const mesh::TensorSpec& spec, int dim) {
  const bool tiled = spec.layout == mesh::Layout::Tile && dim >= spec.shape.rank() - 2;
  return tiled ? mesh::kTileExtent : 1;
}

bool cuts_evenly(const mesh::TensorSpec& spec, int dim, int chips) {
  return spec.shape[dim] % (chips * slice_step(spec, dim)) == 0;
}

}  // namespace ttmesh::ccl
