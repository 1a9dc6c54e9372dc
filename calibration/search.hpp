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
  int passes = 1'000;    ///< Passes over all coordinates, at most.
  double shrink = 0.5;   ///< Steps shrink so when a pass finds nothing better.
  double finest = 1e-3;  ///< Parts of the first steps below which a search is over.
};

/// Lowers `cost` by pattern search: each coordinate in turn is moved one step either way and kept
/// where the cost is lower; a pass that helped is repeated along its whole displacement. When the
/// finest steps find nothing better it starts again with the first ones, as long as that helps.
/// Needs no derivatives, and gives the same for the same input. Returns the best point.
[[nodiscard]] std::vector<double> pattern_search(
    const std::vector<Coordinate>& start,
    const std::function<double(const std::vector<double>&)>& cost,
    const SearchOptions& options = {});

}  // namespace ttmesh::calibration
