#pragma once

#include <vector>

#include "cli/machine_arguments.hpp"
#include "mesh/program/command.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/report.hpp"

namespace ttmesh::cli {

/// A measured pass: what chips were told and what they did.
struct MeasuredPass {
  const std::vector<mesh::CommandPtr>& program;
  const mesh::Report& report;
  const mesh::Machine& machine;
};

/// Writes what the arguments ask of a pass: `--trace` and `--ops-csv`.
/// Throws std::runtime_error on failure.
void write_files(const MachineArguments& arguments, const MeasuredPass& pass);

/// Prints the commands of a pass, one a line: to stdout, or to stderr if that carries the JSON.
void print_program(const MachineArguments& arguments, const MeasuredPass& pass);

}  // namespace ttmesh::cli
