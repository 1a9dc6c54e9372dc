#include "sim/trace.hpp"

#include <algorithm>
#include <tuple>

namespace ttmesh::sim {

void sort(Trace& trace) {
  std::sort(trace.tracks.begin(), trace.tracks.end(), [](const Track& a, const Track& b) {
    return std::tie(a.id, a.process, a.name) < std::tie(b.id, b.process, b.name);
  });
  // Every field takes part, so that equal keys mean equal slices and the order is total.
  std::sort(trace.slices.begin(), trace.slices.end(), [](const Slice& a, const Slice& b) {
    return std::tie(a.start, a.track, a.command, a.step, a.end, a.name, a.bytes) <
           std::tie(b.start, b.track, b.command, b.step, b.end, b.name, b.bytes);
  });
  std::sort(trace.arrows.begin(), trace.arrows.end(), [](const Arrow& a, const Arrow& b) {
    return std::tie(a.sent, a.from_track, a.command, a.step, a.to_track, a.received) <
           std::tie(b.sent, b.from_track, b.command, b.step, b.to_track, b.received);
  });
}

}  // namespace ttmesh::sim
