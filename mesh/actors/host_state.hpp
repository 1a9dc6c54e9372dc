#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "mesh/actors/activity.hpp"
#include "mesh/actors/pending_commands.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::mesh {

/// Most commands that may be unfinished, on any host, before the controller waits.
inline constexpr std::uint64_t kCommandWindow = 1024;
/// Other hosts tell the controller after each so many that they have finished.
inline constexpr std::uint64_t kToldOf = kCommandWindow / 8;

/// What the actors of one host share: constants, and counters.
struct HostState {
  const Machine& machine;
  const OpTable& ops;
  bool timing_only;
  int rank = 0;
  bool alone = true;  ///< This host has all chips, whatever the topology says.
  Activity activity;
  PendingCommands pending{};
  std::atomic<std::uint64_t> finished{0};  ///< Commands that all chips of this host have passed.
  std::atomic<std::int64_t> end{0};        ///< Picoseconds: when the last chip's queue is free.

  std::atomic<bool> abandoned{false};  ///< A host is lost: nothing more is computed.
  /// Told from time to time how many commands have finished; may be empty.
  std::function<void(std::uint64_t)> told_of{};

  /// All chips of this host have passed the command.
  void finish(std::uint64_t command) {
    pending.remove(command);
    const std::uint64_t count = finished.fetch_add(1) + 1;
    activity.poke();
    if (told_of && count % kToldOf == 0) told_of(count);
  }

  bool owns(ChipId chip) const { return alone || machine.topology.host_of(chip) == rank; }

  void extend(sim::Time chip_end) {
    std::int64_t known = end.load();
    while (known < chip_end.ps() && !end.compare_exchange_weak(known, chip_end.ps())) {
    }
  }
};

}  // namespace ttmesh::mesh
