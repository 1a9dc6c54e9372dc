#pragma once

#include <CLI/CLI.hpp>

namespace ttmesh::cli {

/// Adds `host`: one more host of a run that rank 0 has, or will have, the command of. Running it
/// leaves its exit code in `exit_code`.
void add_host(CLI::App& app, int& exit_code);

}  // namespace ttmesh::cli
