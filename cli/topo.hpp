#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace ttmesh::cli {

/// What a launch adds to a topology.
struct TopoLaunch {
  std::optional<std::string> system;  ///< Preset in place of the file's.
  std::string fabric_config;          ///< Empty: none.
  std::vector<std::string> cluster;   ///< Descriptors of the machine to map onto; none: no mapping.
};

struct TopoShowArguments {
  std::string topology;  ///< A file or SYSTEM[:ROWSxCOLS[:line|ring]].
  TopoLaunch launch{};
  std::string json{};  ///< File for the facts, or "-": `out`, and nothing else there.
  std::string dot{};   ///< The same for a graph in graphviz' language.
  std::string svg{};   ///< File for a picture that graphviz draws.
};

/// Draws the topology and states its facts; what a launch would refuse is marked.
/// Returns the exit code. Throws mesh::InvalidFile or std::invalid_argument, and std::runtime_error
/// if a file cannot be written or graphviz is missing.
int topo_show(const TopoShowArguments& arguments, std::ostream& out);

struct TopoCheckArguments {
  std::string file;
  TopoLaunch launch{};
};

/// Prints each problem of a file as "file:line: field: message", a launch's included, and returns
/// 1, or says that it is valid, and fits the machine if one is named, and returns 0. Throws
/// std::invalid_argument if there is no such file.
int topo_check(const TopoCheckArguments& arguments, std::ostream& out);

struct TopoConvertArguments {
  std::string topology;
  TopoLaunch launch{};
  std::string output = "-";  ///< File to write, or "-": `out`.
};

/// Writes a topology in this project's own format. Returns the exit code; throws as `topo_show`.
int topo_convert(const TopoConvertArguments& arguments, std::ostream& out);

/// Adds `topo` with its subcommands. Running one leaves its exit code in `exit_code`.
void add_topo(CLI::App& app, int& exit_code);

}  // namespace ttmesh::cli
