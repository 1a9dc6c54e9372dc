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
  int rank = 0;
  bool alone = true;  ///< This host has all chips, whatever the topology says.
  Activity activity;
  std::atomic<std::uint64_t> finished{0};  ///< Commands that all chips of this host have passed.
  std::atomic<std::int64_t> end{0};        ///< Picoseconds: when the last chip's queue is free.

  bool owns(ChipId chip) const { return alone || machine.topology.host_of(chip) == rank; }

  void extend(sim::Time chip_end) {
    std::int64_t known = end.load();
    while (known < chip_end.ps() && !end.compare_exchange_weak(known, chip_end.ps())) {
    }
  }
};

}  // namespace ttmesh::mesh
