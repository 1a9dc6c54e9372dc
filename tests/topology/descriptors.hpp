#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/parsed_topology.hpp"

namespace ttmesh::mesh {

/// A cluster descriptor of `chips` chips, all with PCIe, and links "a-b" on channels of their own.
[[nodiscard]] std::string cluster_text(int chips, const std::vector<std::pair<int, int>>& links,
                                       const std::string& more = "");

/// What `parse` throws, or what a launch would refuse about its result: one problem a line.
template <typename Parse>
[[nodiscard]] std::string problems_in(const Parse& parse) {
  try {
    std::string all;
    for (const Problem& problem : parse().launch_problems) all += to_string(problem) + "\n";
    return all;
  } catch (const InvalidFile& error) {
    return error.what();
  }
}

}  // namespace ttmesh::mesh
