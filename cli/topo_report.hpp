#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <vector>

#include "mesh/topology/parsed_topology.hpp"
#include "mesh/topology/physical_machine.hpp"

namespace ttmesh::cli {

/// Where the chips of a topology lie on a real machine.
struct TopologyPlacement {
  mesh::PhysicalMachine machine;
  std::vector<int>
      chips;  ///< By ChipId: positions in `machine.chips`; empty if nothing was mapped.
};

/// The facts of a topology under the documented keys. With a placement, each mesh also has
/// `machine_chips`: host and id in its cluster descriptor, chip by chip.
[[nodiscard]] nlohmann::ordered_json topology_json(const mesh::Topology& topology,
                                                   const TopologyPlacement& placement);

/// The same for people, with a drawing of each mesh. What a launch would refuse is marked.
void print_topology(const mesh::ParsedTopology& parsed, const TopologyPlacement& placement,
                    std::ostream& out);

}  // namespace ttmesh::cli
