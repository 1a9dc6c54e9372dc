#include "ccl/groups.hpp"

#include <cstdlib>

namespace ttmesh::ccl {
namespace {

using mesh::ChipId;

/// Steps from one position to another along an axis of a group; negative is backward.
int steps_between(const Group& group, int axis, int from, int to, bool even) {
  const int distance = to - from;
  if (!group.ring[static_cast<std::size_t>(axis)]) return distance;
  const int extent = group.shape.extent(axis);
  const int around = distance > 0 ? distance - extent : distance + extent;
  if (std::abs(around) == std::abs(distance)) {
    return even ? std::abs(distance) : -std::abs(distance);
  }
  return std::abs(around) < std::abs(distance) ? around : distance;
}

}  // namespace

ChipId Group::chip(mesh::Coordinate at) const {
  const int index = at.row * shape.cols + at.col;
  return chips[static_cast<std::size_t>(index)];
}

std::vector<Group> groups_of(const mesh::Topology& topology, const mesh::MeshView& view,
                             std::optional<int> cluster_axis) {
  const Group all{.chips = chips_of(topology, view), .shape = view.shape};
  if (!cluster_axis) return {all};
  std::vector<Group> groups;
  const int across = view.shape.extent(1 - *cluster_axis);
  const int along = view.shape.extent(*cluster_axis);
  for (int i = 0; i < across; ++i) {
    Group group{
        .chips = {},
        .shape = *cluster_axis == 0 ? mesh::MeshShape{along, 1} : mesh::MeshShape{1, along}};
    for (int j = 0; j < along; ++j) {
      const int row = *cluster_axis == 0 ? j : i;
      const int col = *cluster_axis == 0 ? i : j;
      group.chips.push_back(all.chip({row, col}));
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<ChipId> path_within(const mesh::Topology& topology, const Group& group, int from,
                                int to) {
  const int cols = group.shape.cols;
  int row = from / cols;
  int col = from % cols;
  const ChipId last = group.chip({to / cols, to % cols});
  if (group.routed) return mesh::route(topology, group.chip({row, col}), last);

  const bool even = from % 2 == 0;
  std::vector<ChipId> path{group.chip({row, col})};
  const auto walk = [&](int axis, int& at, int target) {
    const int steps = steps_between(group, axis, at, target, even);
    const int extent = group.shape.extent(axis);
    for (int i = 0; i < std::abs(steps); ++i) {
      at = (at + (steps > 0 ? 1 : extent - 1)) % extent;
      path.push_back(group.chip({row, col}));
    }
  };
  walk(0, row, to / cols);
  walk(1, col, to % cols);
  return path;
}

}  // namespace ttmesh::ccl
