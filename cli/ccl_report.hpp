#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/ccl_measure.hpp"

namespace ttmesh::cli {

/// Sizes that a run goes through: from `first` to `last`, times `factor` or plus `step`.
struct CclSizes {
  std::int64_t first;
  std::int64_t last;
  std::int64_t step;  ///< Bytes; used where `factor` is 1.
  std::int64_t factor = 1;

  std::vector<std::int64_t> list() const;
};

/// A run as it was asked for.
struct CclHeading {
  std::vector<std::string> arguments;  ///< Those of the command.
  std::string topology;                ///< As typed.
  std::string system;
  std::string wiring;  ///< "8 chips along cluster_axis 1, ring, 1 link"
  CclSizes sizes;
  CclRequest request;
  bool timing_only = false;
};

/// The table of nccl-tests: comment lines and column names; one row; the lines below. `time` is
/// simulated; a last column has the wall clock. There is no in-place half: the collectives write
/// new tensors.
[[nodiscard]] std::string table_head(const CclHeading& heading);
[[nodiscard]] std::string table_row(const CclHeading& heading, const CclResult& result);
[[nodiscard]] std::string table_foot(const CclHeading& heading,
                                     const std::vector<CclResult>& results);

/// A comment line for the table: which algorithm ran and why; empty where there was no choice.
[[nodiscard]] std::string algorithm_line(const CclResult& result);

/// Elements that were wrong, over all sizes.
[[nodiscard]] std::int64_t wrong_in_all(const std::vector<CclResult>& results);

/// "2026-11-21 13:45:00", local time, as nccl-tests writes it.
[[nodiscard]] std::string local_time();

/// The keys of nccl-tests, and `wall_us`, `algorithm`, `reason` for each result.
[[nodiscard]] nlohmann::ordered_json to_json(const CclHeading& heading,
                                             const std::vector<CclResult>& results,
                                             const std::string& start_time);

}  // namespace ttmesh::cli
