#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/sweep_points.hpp"

namespace ttmesh::cli {

/// One result of a sweep: a point, or one size of a point of `ccl`.
struct SweepRow {
  SweepPoint point;
  std::vector<std::string> values;  ///< One for each column of the command; empty where unknown.
  int exit_code = 0;
  std::string error;
};

/// What a person reads and a plot shows of a column.
struct SweepColumn {
  std::string_view name;      ///< In CSV.
  std::string_view heading;   ///< In the table on the terminal; empty: not shown there.
  std::string_view quantity;  ///< As the y axis of a plot; empty: not plotted.
};

/// The columns of a command's results, in CSV order. Throws std::invalid_argument unless it is
/// `run`, `ccl` or `op`.
[[nodiscard]] std::span<const SweepColumn> sweep_columns(std::string_view command);

/// The results of one point. `json` is what the command wrote, null if it wrote nothing.
[[nodiscard]] std::vector<SweepRow> sweep_rows(std::string_view command, const SweepPoint& point,
                                               const nlohmann::json& json);

}  // namespace ttmesh::cli
