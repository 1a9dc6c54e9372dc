#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/machine_arguments.hpp"

namespace ttmesh::cli {

struct ReplayArguments {
  MachineArguments machine;
  std::string recording;  ///< File that `--record` wrote.
};

/// Issues recorded commands again, without values; prints the virtual time of what was measured.
/// Returns the exit code. Throws mesh::InvalidFile naming line and field if a command cannot be
/// issued, and mesh::Error if the world fails.
int replay(const ReplayArguments& arguments);

/// Adds `replay`. Running it leaves its exit code in `exit_code`.
void add_replay(CLI::App& app, int& exit_code);

}  // namespace ttmesh::cli
