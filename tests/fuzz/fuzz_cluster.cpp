#include <cstddef>
#include <cstdint>
#include <string>

#include "mesh/topology/cluster.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/machine_mapping.hpp"
#include "mesh/topology/physical_machine.hpp"
#include "mesh/topology/yaml_value.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ttmesh::mesh::InputFile file{"input",
                                     std::string(reinterpret_cast<const char*>(data), size)};
  static const ttmesh::mesh::ParsedTopology kSquare = ttmesh::mesh::parse_topology("p150_x4");
  try {
    const ttmesh::mesh::ClusterDescription cluster =
        ttmesh::mesh::read_cluster_description(file, ttmesh::mesh::parse_yaml(file));
    (void)ttmesh::mesh::cluster_topology(cluster);
    (void)ttmesh::mesh::map_onto_machine(kSquare, ttmesh::mesh::join_hosts({cluster}));
  } catch (const ttmesh::mesh::InvalidFile&) {
    // Refused, as most inputs should be; anything else that is thrown ends the run.
  }
  return 0;
}
