#include "mesh/tensor/region.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

// A unit is what a part cannot split: 32 elements of a row, or what is left of them at its end.
std::int64_t units_per_row(const Region& region) {
  return (region.row_length + kTileExtent - 1) / kTileExtent;
}

std::int64_t units_before(const Region& region, std::int64_t element) {
  const std::int64_t column = element % region.row_length;
  return element / region.row_length * units_per_row(region) +
         (column + kTileExtent - 1) / kTileExtent;
}

std::int64_t element_at(const Region& region, std::int64_t unit) {
  const std::int64_t column = unit % units_per_row(region) * kTileExtent;
  return unit / units_per_row(region) * region.row_length + column;
}

// Where part `index` of `count` begins among `total`; the remainder goes to the lower ones.
std::int64_t part_begin(std::int64_t total, int index, int count) {
  return total / count * index + std::min<std::int64_t>(index, total % count);
}

}  // namespace

Region slice_region(const Shape& shape, int dim, int index, int count) {
  const int cut = shape.index(dim);
  if (count <= 0 || index < 0 || index >= count || shape[cut] % count != 0) {
    throw std::invalid_argument(
        fmt::format("[slice_region] slice {} of {} of dim {} of {}, needs an index below the count "
                    "and a count that divides the extent",
                    index, count, cut, to_string(shape)));
  }
  std::int64_t outer = 1;
  for (int i = 0; i < cut; ++i) outer *= shape[i];
  std::int64_t inner = 1;
  for (int i = cut + 1; i < shape.rank(); ++i) inner *= shape[i];
  const std::int64_t slice = shape[cut] / count * inner;

  Region region;
  region.offset = index * slice;
  region.end = outer * slice;
  if (outer == 1 && cut + 1 < shape.rank()) {
    region.row_length = shape[-1];
    region.stride = shape[-1];
    region.rows = slice / shape[-1];
  } else {
    region.row_length = slice;
    region.stride = shape[cut] * inner;
    region.rows = outer;
  }
  return region;
}

Region part_of(const Region& region, int index, int count) {
  if (count <= 0 || index < 0 || index >= count) {
    throw std::invalid_argument(
        fmt::format("[part_of] part {} of {}, needs an index below the count", index, count));
  }
  Region part = region;
  if (region.size() == 0) return part;
  const std::int64_t length = region.row_length;
  const std::int64_t rows = region.size() / length;
  const bool whole_rows = region.begin % length == 0 && region.end % length == 0;
  if (whole_rows && rows >= count) {
    part.begin = region.begin + part_begin(rows, index, count) * length;
    part.end = region.begin + part_begin(rows, index + 1, count) * length;
    return part;
  }
  const std::int64_t first = units_before(region, region.begin);
  const std::int64_t total = units_before(region, region.end) - first;
  const auto cut = [&](int i) {
    if (i == 0) return region.begin;
    return std::min(element_at(region, first + part_begin(total, i, count)), region.end);
  };
  part.begin = cut(index);
  part.end = cut(index + 1);
  return part;
}

}  // namespace ttmesh::mesh
