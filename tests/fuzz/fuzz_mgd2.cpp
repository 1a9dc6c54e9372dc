#include <cstddef>
#include <cstdint>
#include <string>

#include "mesh/topology/error.hpp"
#include "mesh/topology/machine_mapping.hpp"
#include "mesh/topology/mgd2.hpp"
#include "mesh/topology/physical_machine.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace {

/// Four Blackhole chips, each joined to two others.
ttmesh::mesh::PhysicalMachine square() {
  const ttmesh::mesh::InputFile file{
      "machine",
      "arch: {0: blackhole, 1: blackhole, 2: blackhole, 3: blackhole}\n"
      "chips_with_mmio: [0, 1, 2, 3]\n"
      "ethernet_connections:\n"
      "  - [{chip: 0, chan: 0}, {chip: 1, chan: 0}]\n"
      "  - [{chip: 1, chan: 1}, {chip: 2, chan: 0}]\n"
      "  - [{chip: 2, chan: 1}, {chip: 3, chan: 0}]\n"
      "  - [{chip: 3, chan: 1}, {chip: 0, chan: 1}]\n"};
  return ttmesh::mesh::join_hosts(
      {ttmesh::mesh::read_cluster_description(file, ttmesh::mesh::parse_yaml(file))});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ttmesh::mesh::InputFile file{"input",
                                     std::string(reinterpret_cast<const char*>(data), size)};
  static const ttmesh::mesh::PhysicalMachine kSquare = square();
  try {
    (void)ttmesh::mesh::map_onto_machine(ttmesh::mesh::parse_mgd2(file), kSquare);
  } catch (const ttmesh::mesh::InvalidFile&) {
    // Refused, as most inputs should be; anything else that is thrown ends the run.
  }
  return 0;
}
