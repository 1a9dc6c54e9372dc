#include <string>
#include <vector>

#include "cli/command_line.hpp"

int main(int argc, char** argv) {
  return ttmesh::cli::run_command_line(std::vector<std::string>(argv + 1, argv + argc));
}
