#pragma once

#include <optional>
#include <vector>

#include "ccl/member.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

/// A chip's place among the chips that run a collective with it.
struct Place {
  Member member;
  /// Coordinate of the line's first chip: above 0 where a ring is open elsewhere than between its
  /// last chip and its first, and the line goes on there.
  int first = 0;
};

/// The places of all chips of a view on the lines along an axis. Made once for a command.
class Places {
 public:
  /// Throws std::logic_error if two neighbours on a line are not linked: the caller has checked.
  Places(const mesh::Topology& topology, const mesh::MeshView& view, int cluster_axis,
         Topology topology_used);

  const Place& of(mesh::ChipId chip) const;

 private:
  const mesh::Topology& topology_;
  mesh::MeshView view_;
  std::vector<Place> places_;  ///< By chip of the view, row-major.
};

/// The coordinate along a line's axis at which the line begins: 0 if each chip is linked to the
/// next, the one after the gap if a ring has one gap, nothing if the line is in pieces.
[[nodiscard]] std::optional<int> first_of(const mesh::Topology& topology, const mesh::Line& line);

/// `plan`, whose slots number `slices` slices by place, for slices that are numbered by coordinate.
[[nodiscard]] mesh::StepPlan renumbered(mesh::StepPlan plan, int slices, int first);

}  // namespace ttmesh::ccl
