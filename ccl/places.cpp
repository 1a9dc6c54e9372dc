#include "ccl/places.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "mesh/topology/line.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Generator;
using mesh::Line;
using mesh::Step;

Generator<Step> renumber(Generator<Step> steps, int slices, int first) {
  const auto coordinate = [&](std::int32_t slot) {
    return slot >= 0 && slot < slices ? (slot + first) % slices : slot;
  };
  while (std::optional<Step> step = steps.next()) {
    step->slot = coordinate(step->slot);
    step->source = coordinate(step->source);
    co_yield *step;
  }
}

}  // namespace

std::optional<int> first_of(const mesh::Topology& topology, const Line& line) {
  const int size = line.size();
  const auto linked_to_next = [&](int at) {
    return topology.channels_between(line.chips[static_cast<std::size_t>(at)],
                                     line.chips[static_cast<std::size_t>((at + 1) % size)]) > 0;
  };
  std::optional<int> gap;
  for (int at = 0; at < size - 1; ++at) {
    if (linked_to_next(at)) continue;
    if (gap || !line.closed) return std::nullopt;
    gap = at;
  }
  return gap ? *gap + 1 : 0;
}

Places::Places(const mesh::Topology& topology, const mesh::MeshView& view, int cluster_axis,
               Topology topology_used)
    : topology_(topology), view_(view) {
  const std::vector<mesh::ChipId> chips = chips_of(topology, view);
  places_.resize(chips.size());
  const int across = view.shape.extent(1 - cluster_axis);
  const int stride = cluster_axis == 0 ? view.shape.cols : 1;
  const int line_stride = cluster_axis == 0 ? 1 : view.shape.cols;
  for (int i = 0; i < across; ++i) {
    const int head = i * line_stride;
    Line line = line_through(topology, view, cluster_axis, chips[static_cast<std::size_t>(head)]);
    const std::optional<int> first = first_of(topology, line);
    if (!first) throw std::invalid_argument("a line is needed, and links of it are missing");
    const bool is_ring = line.closed && *first == 0 && line.size() > 2;
    if (topology_used == Topology::Ring && !is_ring) {
      throw std::invalid_argument(
          fmt::format("a ring is needed, and chips {} are none", fmt::join(line.chips, "-")));
    }
    std::rotate(line.chips.begin(), line.chips.begin() + *first, line.chips.end());
    for (int index = 0; index < line.size(); ++index) {
      const int coordinate = (index + *first) % line.size();
      const int place = head + coordinate * stride;
      places_[static_cast<std::size_t>(place)] = {member_of(line, index, topology_used), *first};
    }
  }
}

const Place& Places::of(mesh::ChipId chip) const {
  const mesh::Coordinate at = *position_in(topology_, view_, chip);
  const int index = at.row * view_.shape.cols + at.col;
  return places_[static_cast<std::size_t>(index)];
}

mesh::StepPlan renumbered(mesh::StepPlan plan, int slices, int first) {
  if (first == 0) return plan;
  mesh::SlotPlan& slots = plan.slots;
  if (slots.output_slices == 1) slots.output_first = (slots.output_first + first) % slices;
  plan.steps = renumber(std::move(plan.steps), slices, first);
  return plan;
}

}  // namespace ttmesh::ccl
