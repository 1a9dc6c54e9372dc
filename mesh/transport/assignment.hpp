#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mesh/transport/frame.hpp"

namespace ttmesh::mesh {

/// What a machine is made from: hosts that have the same recipe emulate the same machine.
struct MachineRecipe {
  std::string topology;               ///< As a file of this project's format.
  std::vector<std::string> settings;  ///< SELECTOR.FIELD=VALUE, in the order they apply.
  std::uint64_t seed = 0;             ///< Of jitter and loss.
  bool timing_only = false;

  friend bool operator==(const MachineRecipe&, const MachineRecipe&) = default;
};

/// Differs for recipes that differ, but for one pair in 2^64.
[[nodiscard]] std::string digest(const MachineRecipe& recipe);

/// All that rank 0 tells a host that was started without a command of its own.
struct Assignment {
  int rank = 0;
  int hosts = 1;
  MachineRecipe recipe;

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

/// Limits of the frame of an assignment: a topology's file may be long.
inline constexpr FrameLimits kAssignmentLimits{.header_bytes = 32U << 20U, .payload_bytes = 0};

/// Throws std::invalid_argument if it is longer than the limits.
[[nodiscard]] Frame encode(const Assignment& assignment);
/// Throws std::invalid_argument if the bytes are no assignment.
[[nodiscard]] Assignment decode_assignment(std::span<const std::byte> header);

}  // namespace ttmesh::mesh
