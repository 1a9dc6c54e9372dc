#pragma once

#include "ccl/topology.hpp"
#include "mesh/program/step.hpp"

namespace ttmesh::ccl {

/// One chip's place among the chips that run a collective.
struct Member {
  int size;   ///< Chips on the line.
  int index;  ///< This chip's place, from 0.
  mesh::ChipId
      previous;       ///< Chip at index - 1; the last one before the first of a ring; -1 if none.
  mesh::ChipId next;  ///< Chip at index + 1; the first one after the last of a ring; -1 if none.
};

/// The place of `line.chips[index]`; on a ring the first and the last are neighbours.
[[nodiscard]] Member member_of(const mesh::Line& line, int index, Topology topology);

/// Chips behind this one on `lane`: how many a payload has passed when it gets here.
[[nodiscard]] int chips_behind(const Member& member, mesh::Lane lane);
/// Chip that this one sends to on `lane`, and that it receives from.
[[nodiscard]] mesh::ChipId ahead(const Member& member, mesh::Lane lane);
[[nodiscard]] mesh::ChipId behind(const Member& member, mesh::Lane lane);

/// Index of the chip `distance` hops ahead of this one on `lane` around a ring; negative is behind.
[[nodiscard]] int around(const Member& member, mesh::Lane lane, int distance);

}  // namespace ttmesh::ccl
