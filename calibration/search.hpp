#pragma once

#include <functional>
#include <vector>

namespace ttmesh::calibration {

/// One coordinate of a search: where it starts and how far the first step goes.
struct Coordinate {
  double value;
  double step;
  double least;
  double most;
};

struct SearchOptions {
  int rounds = 60;      ///< Passes over all coordinates, at most.
  double shrink = 0.5;  ///< Steps shrink so when a pass finds nothing better.
  double stop = 1e-3;   ///< Steps below this part of the first ones end the search.
};

/// Lowers `cost` by pattern search: each coordinate in turn is moved one step either way and kept
/// where the cost is lower; a pass that helped is repeated along its whole displacement. Needs no
/// derivatives, and gives the same for the same input. Returns the best point.
[[nodiscard]] std::vector<double> pattern_search(
    const std::vector<Coordinate>& start,
    const std::function<double(const std::vector<double>&)>& cost,
    const SearchOptions& options = {});

}  // namespace ttmesh::calibration
