#include "ccl/parts.hpp"

#include <algorithm>
#include <utility>

namespace ttmesh::ccl {

int ring_parts(int size, std::int64_t slice_pages) {
  return size % 2 == 0 && slice_pages >= 2 ? 2 : 1;
}

PartOrder gather_order(RingCut cut, mesh::Lane lane, int distance) {
  const auto [size, parts] = cut;
  const bool forward = lane == mesh::Lane::Forward;
  const int far_part = parts == 2 && !forward ? 1 : 0;
  const int rounds_left = size / 2 - distance;
  if (size % 2 == 0 && rounds_left == 0) {
    return {.parts = {far_part, 0}, .count = parts == 2 || forward ? 1 : 0};
  }
  if (parts == 1) return {.parts = {0, 0}, .count = 1};
  const int last = rounds_left % 2 == 1 ? far_part : 1 - far_part;
  return {.parts = {1 - last, last}, .count = 2};
}

PartOrder scatter_order(RingCut cut, mesh::Lane lane, int distance) {
  PartOrder order = gather_order(cut, lane, distance);
  if (order.count == 2) std::swap(order.parts[0], order.parts[1]);
  return order;
}

bool has_part(const PartOrder& order, int part) {
  const auto last = order.parts.begin() + order.count;
  return std::find(order.parts.begin(), last, part) != last;
}

}  // namespace ttmesh::ccl
