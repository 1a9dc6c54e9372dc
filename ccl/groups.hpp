#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "ccl/exchange.hpp"
#include "mesh/topology/line.hpp"

namespace ttmesh::ccl {

/// Chips that exchange payloads with each other: a line, or all of a view.
struct Group {
  std::vector<mesh::ChipId> chips;  ///< Row-major.
  mesh::MeshShape shape;            ///< One row or one column for a line.
  /// By axis: payloads take the shorter way around.
  std::array<bool, 2> ring{};
  /// Payloads take the topology's own routes, detours included: links of the group are missing.
  bool routed = false;

  int size() const { return static_cast<int>(chips.size()); }
  mesh::ChipId chip(mesh::Coordinate at) const;
};

/// The groups of a view: its lines along an axis, or all of its chips.
[[nodiscard]] std::vector<Group> groups_of(const mesh::Topology& topology,
                                           const mesh::MeshView& view,
                                           std::optional<int> cluster_axis);

/// The way from one chip of a group to another, by index: first along the column, then along the
/// row. Where the way around is as long, even indices go forward and odd ones backward.
[[nodiscard]] std::vector<mesh::ChipId> path_within(const mesh::Topology& topology,
                                                    const Group& group, int from, int to);

/// Slots of the payload that goes from one chip of a group to another.
struct PayloadSlots {
  int from_slot;
  int to_slot;
};

/// A payload from every chip of every group to every other one, the nearest first: the order of
/// tt-metal's all-to-all.
/// `slots_of(from, to)` are those of one payload, by index in the group.
template <typename SlotsOf>
std::vector<Transfer> everyone_to_everyone(const mesh::Topology& topology,
                                           const std::vector<Group>& groups,
                                           const SlotsOf& slots_of) {
  std::vector<Transfer> transfers;
  for (const Group& group : groups) {
    for (int from = 0; from < group.size(); ++from) {
      const auto first = static_cast<std::ptrdiff_t>(transfers.size());
      for (int to = 0; to < group.size(); ++to) {
        if (to == from) continue;
        const PayloadSlots slots = slots_of(from, to);
        transfers.push_back(
            {path_within(topology, group, from, to), slots.from_slot, slots.to_slot});
      }
      std::stable_sort(
          transfers.begin() + first, transfers.end(),
          [](const Transfer& a, const Transfer& b) { return a.route.size() < b.route.size(); });
    }
  }
  return transfers;
}

}  // namespace ttmesh::ccl
