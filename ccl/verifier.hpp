#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ccl/rehearsal.hpp"

namespace ttmesh::ccl {

/// What a collective leaves on the chips of a group; i and j number them.
enum class Collective : std::uint8_t {
  AllGather,      ///< Every chip: slice i of the output is the input of chip i.
  ReduceScatter,  ///< Chip i: the sum over all chips of slice i of their inputs.
  AllToAll,       ///< Chip i: slice j of the output is slice i of the input of chip j.
  Broadcast,      ///< Every chip: the input of the root.
};

/// What a verification found.
struct Verdict {
  std::vector<std::string> faults;  ///< Empty if the algorithm is right.
  std::int64_t messages = 0;        ///< Payloads sent.
  std::int64_t signals = 0;
  /// Pages that each chip sent, by lane.
  std::vector<std::array<std::int64_t, mesh::kLaneCount>> pages;
};

/// Chips that exchange with each other, and the one that a broadcast starts from, by index.
struct VerifiedGroup {
  std::vector<mesh::ChipId> chips;
  int root = 0;
};

/// Rehearses a cast and compares what every chip of every group holds at the end with the
/// definition: each term is there exactly once and no other is; nobody waits for ever; no message
/// is left.
[[nodiscard]] Verdict verify(Collective collective, const std::vector<VerifiedGroup>& groups,
                             const Cast& cast);

/// The same for the chips of a line.
[[nodiscard]] Verdict verify(Collective collective, const Algorithm& algorithm,
                             const RehearsalOptions& options);

}  // namespace ttmesh::ccl
