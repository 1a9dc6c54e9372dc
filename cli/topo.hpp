#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <optional>
#include <string>

namespace ttmesh::cli {

struct TopoShowArguments {
  std::string topology;               ///< A file or SYSTEM[:ROWSxCOLS[:line|ring]].
  std::optional<std::string> system;  ///< Preset in place of the file's.
  std::string json;  ///< File for the facts, or "-": `out`, and nothing else there.
};

/// Draws the topology and states its facts; what a launch would refuse is marked.
/// Returns the exit code. Throws mesh::InvalidFile or std::invalid_argument.
int topo_show(const TopoShowArguments& arguments, std::ostream& out);

struct TopoCheckArguments {
  std::string file;
  std::optional<std::string> system;
};

/// Prints each problem of a file as "file:line: field: message", a launch's included, and returns
/// 1, or says that it is valid and returns 0. Throws std::invalid_argument if there is no such
/// file.
int topo_check(const TopoCheckArguments& arguments, std::ostream& out);

/// Adds `topo` with its subcommands. Running one leaves its exit code in `exit_code`.
void add_topo(CLI::App& app, int& exit_code);

}  // namespace ttmesh::cli
