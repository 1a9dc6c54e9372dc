#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ttmesh::cli {

struct SweepArguments {
  std::vector<std::string> over;     ///< "KEY=A,B,C"
  std::string csv;                   ///< File, "-" for stdout; empty writes none.
  std::string plot;                  ///< SVG file; empty draws none.
  std::vector<std::string> command;  ///< What came after "--": run, ccl or op with its arguments.
};

/// Runs a command at every combination of values, each in a process of its own, and shows, writes
/// and draws the results. A point that fails is a row with its error. Returns the highest exit code
/// of all points. Throws std::invalid_argument on misuse, std::runtime_error if the plot cannot be
/// drawn.
int run_sweep(const SweepArguments& arguments);

/// Adds `sweep`. `command` is what came after "--". Running it leaves its exit code in `exit_code`.
void add_sweep(CLI::App& app, const std::vector<std::string>& command, int& exit_code);

}  // namespace ttmesh::cli
