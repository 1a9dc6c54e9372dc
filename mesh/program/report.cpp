#include "mesh/program/report.hpp"

#include <algorithm>

namespace ttmesh::mesh {

const CommandName& name_of(const Report& report, std::uint64_t command) {
  return *std::lower_bound(
      report.commands.begin(), report.commands.end(), command,
      [](const CommandName& each, std::uint64_t number) { return each.command < number; });
}

}  // namespace ttmesh::mesh
