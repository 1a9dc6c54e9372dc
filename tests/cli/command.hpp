#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/scratch_folder.hpp"

namespace ttmesh::cli {

/// What a run of the `ttmesh` binary left behind.
struct Outcome {
  int exit_code = -1;  ///< -1 if a signal or the time limit ended it.
  std::string out;
  std::string err;
  bool left_processes = false;  ///< Something it started was still running.
};

/// Runs the `ttmesh` binary, without a shell, in a process group of its own. One that takes longer
/// than two minutes is ended and fails the test.
[[nodiscard]] Outcome ttmesh(const std::vector<std::string>& arguments);

/// The same for a program that is found as a shell finds it, and its arguments.
[[nodiscard]] Outcome run_program(const std::vector<std::string>& words);

/// What the binary prints with `--json -` appended; fails the test unless it succeeds and its
/// stdout is one JSON document.
[[nodiscard]] nlohmann::json json_of(std::vector<std::string> arguments);

}  // namespace ttmesh::cli
