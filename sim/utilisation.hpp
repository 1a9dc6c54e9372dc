#pragma once

#include <cstdint>
#include <vector>

#include "sim/time.hpp"
#include "sim/trace.hpp"

namespace ttmesh::sim {

/// From when on a link direction was how busy.
struct Utilisation {
  int track;
  Time from;
  std::int64_t permille;  ///< Share of a window in which the direction carried payload.
};

/// How busy every link direction of a trace was, in windows of a 128th of its span; only where it
/// changes, from nothing at the start to nothing at the end. By (from, track).
[[nodiscard]] std::vector<Utilisation> link_utilisation(const Trace& trace);

}  // namespace ttmesh::sim
