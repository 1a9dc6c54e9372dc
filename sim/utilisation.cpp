#include "sim/utilisation.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace ttmesh::sim {
namespace {

constexpr std::int64_t kWindows = 128;

/// Picoseconds that a direction was busy in each window.
using BusyTimes = std::array<std::int64_t, kWindows>;

void add(BusyTimes& busy, const Slice& slice, std::int64_t window) {
  const std::int64_t start = slice.start.ps();
  const std::int64_t end = slice.end.ps();
  for (std::int64_t i = start / window; i < kWindows && i * window < end; ++i) {
    busy[static_cast<std::size_t>(i)] +=
        std::min(end, (i + 1) * window) - std::max(start, i * window);
  }
}

}  // namespace

std::vector<Utilisation> link_utilisation(const Trace& trace) {
  std::int64_t span = 0;
  for (const Slice& slice : trace.slices) span = std::max(span, slice.end.ps());
  const std::int64_t window = std::max<std::int64_t>(1, (span + kWindows - 1) / kWindows);
  std::map<int, BusyTimes> tracks;
  for (const Slice& slice : trace.slices) {
    if (slice.bytes > 0) add(tracks[slice.track], slice, window);
  }

  std::vector<Utilisation> changes;
  for (const auto& [track, busy] : tracks) {
    std::int64_t before = 0;
    for (std::int64_t i = 0; i <= kWindows; ++i) {
      const std::int64_t now = i < kWindows ? busy[static_cast<std::size_t>(i)] * 1000 / window : 0;
      if (now == before) continue;
      changes.push_back({track, Time::picoseconds(i * window), now});
      before = now;
    }
  }
  std::sort(changes.begin(), changes.end(), [](const Utilisation& a, const Utilisation& b) {
    return std::tie(a.from, a.track) < std::tie(b.from, b.track);
  });
  return changes;
}

}  // namespace ttmesh::sim
