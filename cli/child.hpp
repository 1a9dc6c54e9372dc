#pragma once

#include <string>
#include <vector>

namespace ttmesh::cli {

/// What a child process left behind.
struct ChildOutcome {
  int exit_code;  ///< 3, a failed world, if a signal ended it; 127 if there is no such program.
  std::string out;
  std::string err;
};

/// Runs a program, found as a shell finds it, with no input, and waits for its end. It is ended if
/// this process ends first. Called while this process has one thread. Throws std::runtime_error if
/// the machine has no room for another process.
[[nodiscard]] ChildOutcome run_child(const std::vector<std::string>& words);

/// The file that this process runs.
[[nodiscard]] std::string own_program();

}  // namespace ttmesh::cli
