#include <cstddef>
#include <cstdint>
#include <string>

#include "mesh/topology/cluster.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/yaml_value.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ttmesh::mesh::InputFile file{"input",
                                     std::string(reinterpret_cast<const char*>(data), size)};
  try {
    (void)ttmesh::mesh::cluster_topology(
        ttmesh::mesh::read_cluster_description(file, ttmesh::mesh::parse_yaml(file)));
  } catch (const ttmesh::mesh::InvalidFile&) {
    // Refused, as most inputs should be; anything else that is thrown ends the run.
  }
  return 0;
}
