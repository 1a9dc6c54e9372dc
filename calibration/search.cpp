#include "calibration/search.hpp"

#include <algorithm>
#include <cstddef>

namespace ttmesh::calibration {

std::vector<double> pattern_search(const std::vector<Coordinate>& start,
                                   const std::function<double(const std::vector<double>&)>& cost,
                                   const SearchOptions& options) {
  std::vector<double> best;
  for (const Coordinate& each : start) best.push_back(each.value);
  double lowest = cost(best);

  const auto clamped = [&](std::size_t i, double value) {
    return std::clamp(value, start[i].least, start[i].most);
  };
  const auto improves = [&](const std::vector<double>& point) {
    if (point == best) return false;
    const double value = cost(point);
    if (value >= lowest) return false;
    lowest = value;
    best = point;
    return true;
  };

  double scale = 1;
  double lowest_at_restart = lowest;
  for (int pass = 0; pass < options.passes; ++pass) {
    const std::vector<double> before = best;
    for (std::size_t i = 0; i < start.size(); ++i) {
      for (const double direction : {1.0, -1.0}) {
        std::vector<double> point = best;
        point[i] = clamped(i, point[i] + direction * scale * start[i].step);
        if (improves(point)) break;
      }
    }
    if (best == before) {
      scale *= options.shrink;
      if (scale >= options.finest) continue;
      if (lowest >= lowest_at_restart) break;
      lowest_at_restart = lowest;
      scale = 1;
      continue;
    }
    std::vector<double> further = best;
    for (std::size_t i = 0; i < start.size(); ++i) {
      further[i] = clamped(i, 2 * best[i] - before[i]);
    }
    improves(further);
  }
  return best;
}

}  // namespace ttmesh::calibration
