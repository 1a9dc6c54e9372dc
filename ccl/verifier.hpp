#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ccl/rehearsal.hpp"

namespace ttmesh::ccl {

/// What a collective leaves on its chips.
enum class Collective : std::uint8_t {
  AllGather,      ///< Every chip: slice i of the output is the input of chip i.
  ReduceScatter,  ///< Chip i: the sum over all chips of slice i of their inputs.
};

/// What a verification found.
struct Verdict {
  std::vector<std::string> faults;  ///< Empty if the algorithm is right.
  std::int64_t messages = 0;        ///< Payloads sent.
  std::int64_t signals = 0;
  /// Pages that each chip sent, by lane.
  std::vector<std::array<std::int64_t, 2>> pages;
};

/// Rehearses an algorithm and compares every chip's output with the definition: each term is there
/// exactly once and no other is; nobody waits for ever; no message is left.
[[nodiscard]] Verdict verify(Collective collective, const Algorithm& algorithm,
                             const RehearsalOptions& options);

}  // namespace ttmesh::ccl
