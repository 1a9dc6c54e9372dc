#pragma once

#include <cstdint>
#include <vector>

#include "mesh/program/command.hpp"
#include "mesh/program/ports.hpp"
#include "mesh/program/report.hpp"

namespace ttmesh::mesh {

/// What one chip has done since recording began.
struct Recorder {
  /// Notes that `command` kept the chip's queue busy.
  void op(int queue_track, const Command& command, sim::Time start, sim::Time end);
  /// Notes a payload on its way to the chip whose queue is `receiver_track`.
  void passage(const Command& command, std::uint32_t step, const Passage& passage,
               int receiver_track);

  bool trace = false;  ///< Keep slices and arrows too.
  std::vector<OpUse> ops;
  std::vector<sim::Slice> slices;
  std::vector<sim::Arrow> arrows;
};

}  // namespace ttmesh::mesh
