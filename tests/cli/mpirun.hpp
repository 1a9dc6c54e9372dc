#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/cli/command.hpp"

namespace ttmesh::cli {

/// Whether `ttmesh` can be run by several processes of MPI here.
[[nodiscard]] bool has_mpirun();

/// Words of a command line that runs a program by so many ranks of MPI on this machine.
[[nodiscard]] std::vector<std::string> mpirun_words(int ranks, const std::string& program,
                                                    const std::vector<std::string>& arguments);

/// Runs the `ttmesh` binary by so many ranks.
[[nodiscard]] Outcome ttmesh_by_ranks(int ranks, const std::vector<std::string>& arguments);

/// Processes whose environment holds `name`=`value`.
[[nodiscard]] std::vector<pid_t> processes_with(const std::string& name, const std::string& value);

}  // namespace ttmesh::cli
