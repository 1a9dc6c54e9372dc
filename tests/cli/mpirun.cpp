#include "tests/cli/mpirun.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "mesh/transport/transport.hpp"

namespace ttmesh::cli {
namespace {

/// mpirun as it is found by a shell.
bool is_on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

bool has_mpirun() { return is_built_in(mesh::TransportKind::Mpi) && is_on_path("mpirun"); }

std::vector<std::string> mpirun_words(int ranks, const std::string& program,
                                      const std::vector<std::string>& arguments) {
  // Open MPI refuses root without these; containers have nobody else.
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  // It never frees some of its own, in libraries that it has unloaded by the time that the address
  // sanitizer looks. Leaks are looked for over sockets.
  std::vector<std::string> words{
      "mpirun", "--oversubscribe",     "--bind-to", "none", "-x", "LSAN_OPTIONS=detect_leaks=0",
      "-n",     std::to_string(ranks), program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

Outcome ttmesh_by_ranks(int ranks, const std::vector<std::string>& arguments) {
  return run_program(mpirun_words(ranks, TTMESH_COMMAND, arguments));
}

std::vector<pid_t> processes_with(const std::string& name, const std::string& value) {
  std::vector<pid_t> found;
  const std::string wanted = name + "=" + value;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string folder = entry.path().filename().string();
    if (folder.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "environ", std::ios::binary);
    std::istringstream variables(std::string(std::istreambuf_iterator<char>(file), {}));
    for (std::string each; std::getline(variables, each, '\0');) {
      if (each == wanted) found.push_back(std::stoi(folder));
    }
  }
  return found;
}

}  // namespace ttmesh::cli
