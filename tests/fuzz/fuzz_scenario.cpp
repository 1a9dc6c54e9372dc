#include <cstddef>
#include <cstdint>
#include <string>

#include "mesh/program/machine.hpp"
#include "mesh/program/scenario.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ttmesh::mesh::Topology topology = ttmesh::mesh::load_topology("t3k:1x8:ring");
  const ttmesh::mesh::InputFile file{"input",
                                     std::string(reinterpret_cast<const char*>(data), size)};
  try {
    (void)ttmesh::mesh::make_machine(topology, ttmesh::mesh::parse_scenario(file).settings);
  } catch (const ttmesh::mesh::InvalidFile&) {
    // Refused, as most inputs should be; anything else that is thrown ends the run.
  }
  return 0;
}
