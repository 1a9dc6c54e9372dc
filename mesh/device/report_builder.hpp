#pragma once

#include <vector>

#include "mesh/program/machine.hpp"
#include "mesh/program/report.hpp"

namespace ttmesh::mesh {

/// What the machine did, from what each chip did and the commands that it was given, by number.
/// Times in the trace count from `begin`.
[[nodiscard]] Report build_report(std::vector<ChipReport> chips, std::vector<CommandName> commands,
                                  const Machine& machine, sim::Time begin);

}  // namespace ttmesh::mesh
