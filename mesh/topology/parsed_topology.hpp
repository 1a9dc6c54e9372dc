#pragma once

#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/machine_request.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// What a file defines, and what stands between that and using it.
struct ParsedTopology {
  Topology topology;
  std::vector<Problem> launch_problems;  ///< What a real launch would refuse.
  std::vector<Problem> warnings{};       ///< What was taken otherwise than written.
  std::vector<std::string> notes{};      ///< What else the file says, for people.
  MachineRequest request{};              ///< For the machine that the topology is mapped onto.
};

}  // namespace ttmesh::mesh
