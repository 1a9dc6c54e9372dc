#pragma once

#include <atomic>
#include <cstdint>

#include "mesh/actors/activity.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::mesh {

/// What the actors of one host share: constants, and counters.
struct HostState {
  const Machine& machine;
  const OpTable& ops;
  bool timing_only;
  Activity activity;
  std::atomic<std::uint64_t> finished{0};  ///< Commands that all chips of this host have passed.
};

}  // namespace ttmesh::mesh
