#pragma once

#include "mesh/program/command.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"
#include "sim/time.hpp"

namespace ttmesh::mesh {

/// Virtual time from the dispatch of a command on an idle machine to the end of its last chip. Runs
/// the chips' logic here and now, without values and without actors; nothing is left of it.
/// Throws std::logic_error if the command cannot end.
[[nodiscard]] sim::Time predict(const Command& command, const OpTable& ops, const Machine& machine);

}  // namespace ttmesh::mesh
