#pragma once

#include <array>
#include <cstdint>

#include "mesh/program/step.hpp"

namespace ttmesh::ccl {

/// Parts of one slice, in the order in which they travel.
struct PartOrder {
  std::array<int, 2> parts{};
  int count = 0;
};

/// A ring of chips and the parts into which each slice is cut.
struct RingCut {
  int size;
  int parts;
};

/// Parts into which a ring of `size` chips cuts slices of `slice_pages`: on an even ring the
/// farthest chip is as far either way, and half a slice goes each way if there are pages for both.
[[nodiscard]] int ring_parts(int size, std::int64_t slice_pages);

/// Parts of the slice that a chip gathers on `lane` from the chip `distance` hops away, 1 to
/// size / 2. The farthest slice of an even ring comes half each way, or forward if it is uncut.
///
/// The half that arrives last leaves first in the next round: so a worker passes a slice on when it
/// has all of it, and the half that goes farthest is the last to arrive.
[[nodiscard]] PartOrder gather_order(RingCut cut, mesh::Lane lane, int distance);

/// The same for a slice on its way to its owner, `distance` hops away: a scatter is a gather run
/// backwards.
[[nodiscard]] PartOrder scatter_order(RingCut cut, mesh::Lane lane, int distance);

/// Whether a part is among those of an order.
[[nodiscard]] bool has_part(const PartOrder& order, int part);

}  // namespace ttmesh::ccl
