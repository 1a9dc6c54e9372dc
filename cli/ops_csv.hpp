#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mesh/program/command.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/program/report.hpp"
#include "sim/time.hpp"

namespace ttmesh::cli {

/// What kept chips busy, and the commands that it belongs to.
struct OpsLog {
  std::vector<mesh::CommandPtr> commands;  ///< In order of their numbers.
  std::vector<mesh::ChipUse> uses;         ///< By (command, chip).
  sim::Time begin;                         ///< Times in the file count from here.
  /// Commands before which a recording was taken up again: no op-to-op latency leads there.
  std::vector<std::uint64_t> resumptions{};
};

/// The table that tt-metal's profiler writes as ops_perf_results: a row for each op on each chip,
/// times virtual, every column of tt-metal's in its order. Columns that nothing here models are
/// empty. The gap that the chip model has before an op's kernels is op-to-op latency, as on the
/// hardware, and not part of the op's duration.
[[nodiscard]] std::string ops_csv(const OpsLog& log, const mesh::Machine& machine,
                                  const mesh::OpTable& ops);

}  // namespace ttmesh::cli
