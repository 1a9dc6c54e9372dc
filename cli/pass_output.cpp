#include "cli/pass_output.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/ops_csv.hpp"
#include "cli/output.hpp"
#include "modules/open.hpp"

namespace ttmesh::cli {

void write_files(const MachineArguments& arguments, const MeasuredPass& pass) {
  if (!arguments.trace.empty()) write_trace(arguments.trace, pass.report.trace);
  if (arguments.ops_csv.empty()) return;
  const OpsLog log{.commands = pass.program, .uses = pass.report.uses, .begin = pass.report.begin};
  write_text(arguments.ops_csv, ops_csv(log, pass.machine, *modules::op_table()));
}

void print_program(const MachineArguments& arguments, const MeasuredPass& pass) {
  std::FILE* out = arguments.json == "-" ? stderr : stdout;
  for (const mesh::CommandPtr& command : pass.program) fmt::print(out, "{}\n", to_string(*command));
}

}  // namespace ttmesh::cli
