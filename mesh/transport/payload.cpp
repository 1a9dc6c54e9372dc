#include "mesh/transport/payload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

namespace ttmesh::mesh {
namespace {

// Shorter runs cost more as entries of a gathering write than as a copy. Assumed: an entry costs
// what some 1,000 copied bytes do.
constexpr std::int64_t kShortestRunBytes = 1024;

// Products of two such numbers fit.
constexpr std::int64_t kLargest = std::int64_t{1} << 40U;

bool within(std::int64_t value, std::int64_t least) { return value >= least && value <= kLargest; }

void require_sane(const Region& region) {
  const bool numbers = within(region.offset, -kLargest) && within(region.begin, 0) &&
                       within(region.end, region.begin) && within(region.row_length, 0) &&
                       within(region.stride, 0);
  // Rows and strides are multiplied.
  const bool products = numbers && (region.row_length == 0 || region.stride == 0 ||
                                    region.end / region.row_length <= kLargest / region.stride);
  if (!products || (region.size() > 0 && region.row_length == 0)) {
    throw std::invalid_argument(
        fmt::format("[region] offset {}, rows of {}, stride {}, elements {} to {}: no region of a "
                    "block",
                    region.offset, region.row_length, region.stride, region.begin, region.end));
  }
}

std::int64_t position(const Region& region, std::int64_t element) {
  return region.offset + element / region.row_length * region.stride + element % region.row_length;
}

// The end of the run of adjacent elements that begins at `element`.
std::int64_t run_end(const Region& region, std::int64_t element) {
  if (region.stride == region.row_length) return region.end;
  return std::min((element / region.row_length + 1) * region.row_length, region.end);
}

}  // namespace

std::vector<PayloadPart> payload_of(const Piece& piece) {
  require_sane(piece.region);
  const Region& region = piece.region;
  if (region.size() == 0) return {};
  const std::int64_t value_bytes = held_bytes(piece.block->type());
  const std::int64_t first = position(region, region.begin);
  const std::int64_t last = position(region, region.end - 1);
  if (first < 0 || last < first || last >= piece.block->shape().volume()) {
    throw std::invalid_argument(
        fmt::format("[payload_of] region reaches from element {} to {}, the block has {}", first,
                    last, piece.block->shape().volume()));
  }
  const bool one_run = run_end(region, region.begin) == region.end;
  if (!one_run && region.row_length * value_bytes < kShortestRunBytes) {
    const BlockPtr gathered = join({piece}, Shape{region.size()});
    const std::shared_ptr<const Buffer> plain = gathered->plain();
    return {{plain, {plain->data(), plain->size()}}};
  }
  const std::shared_ptr<const Buffer> plain = piece.block->plain();
  std::vector<PayloadPart> parts;
  for (std::int64_t element = region.begin; element < region.end;) {
    const std::int64_t end = run_end(region, element);
    parts.push_back({plain,
                     {plain->data() + position(region, element) * value_bytes,
                      static_cast<std::size_t>((end - element) * value_bytes)}});
    element = end;
  }
  return parts;
}

Region alone(const Region& region) {
  require_sane(region);
  if (region.size() == 0) return {};
  const std::int64_t length = region.row_length;
  const std::int64_t column = region.begin % length;
  return {.offset = -column,
          .rows = (column + region.size() + length - 1) / length,
          .row_length = length,
          .stride = length,
          .begin = column,
          .end = column + region.size()};
}

}  // namespace ttmesh::mesh
