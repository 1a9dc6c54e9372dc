#pragma once

#include <string>
#include <vector>

#include "cli/sweep_points.hpp"
#include "cli/sweep_rows.hpp"

namespace ttmesh::cli {

struct SweepResults {
  const std::vector<std::string>& command;  ///< As it came after "--".
  const std::vector<SweepKey>& keys;
  const std::vector<SweepRow>& rows;
};

/// The plot as a program for gnuplot that writes `path`: a panel for each plotted quantity, a line
/// for each combination of the keys that are not along x. Along x are the sizes of `ccl` if it has
/// several, else the first key whose values are numbers, else bars for the first key.
/// Throws std::invalid_argument if no row has a result.
[[nodiscard]] std::string sweep_plot(const std::string& path, const SweepResults& results);

/// Throws std::runtime_error unless gnuplot can be run.
void require_gnuplot();

/// Draws the plot. Throws std::runtime_error if gnuplot fails.
void write_sweep_plot(const std::string& path, const SweepResults& results);

}  // namespace ttmesh::cli
