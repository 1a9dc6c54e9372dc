#pragma once

#include <string>
#include <vector>

#include "cli/sweep_points.hpp"

namespace ttmesh::cli {

/// One tick of an axis.
struct AxisTick {
  double position;
  std::string label;
};

/// A quantity along x.
struct SweepAxis {
  std::string label;              ///< With its unit.
  std::vector<double> positions;  ///< By value.
  std::vector<AxisTick> ticks;    ///< Empty: the plotter's own.
  bool is_logarithmic = false;
  bool is_number = true;  ///< False: positions only number the values.
};

/// The values of a key as an axis: numbers with a unit in common, times, or sizes in bytes; values
/// that are none are numbered.
[[nodiscard]] SweepAxis axis_of(const SweepKey& key);

/// Sizes in bytes as an axis, logarithmic if they span three octaves.
[[nodiscard]] SweepAxis axis_of_sizes(std::string label, std::vector<double> sizes);

/// Whether values are all positive and span two decades.
[[nodiscard]] bool spans_decades(const std::vector<double>& values);

}  // namespace ttmesh::cli
