#pragma once

#include <string>
#include <vector>

namespace ttmesh::cli {

/// What the `ttmesh` command was given, split at the first "--".
struct CommandLine {
  std::vector<std::string> own;        ///< Before it.
  std::vector<std::string> passed_on;  ///< After it.
  bool has_separator = false;
};

[[nodiscard]] CommandLine split(const std::vector<std::string>& arguments);

/// Runs the `ttmesh` command with the arguments after the program's name, and returns its exit
/// code: 0 ok, 1 a check failed (accuracy, invalid file), 2 wrong usage, 3 the world failed.
/// An error is one message on stderr.
int run_command_line(const std::vector<std::string>& arguments);

}  // namespace ttmesh::cli
