#include "modules/default_topology.hpp"

#include <algorithm>

#include "mesh/topology/line.hpp"

namespace ttmesh::modules {

ccl::Topology default_topology(const mesh::MeshDevice& device, std::optional<int> cluster_axis) {
  const mesh::Topology& topology = device.topology();
  const int chips = device.shape().size();
  const bool rings =
      (chips == 8 && topology.system == "t3k") || (chips == 4 && topology.system == "p150_x4");
  if (!rings) return ccl::Topology::Linear;
  const mesh::ChipId first = mesh::chips_of(topology, device.view()).front();
  const bool closed = mesh::line_through(topology, device.view(), cluster_axis, first).closed;
  return closed ? ccl::Topology::Ring : ccl::Topology::Linear;
}

int available_links(const mesh::MeshDevice& device, int wanted) {
  return std::max(1, std::min(wanted, device.topology().usable_links));
}

}  // namespace ttmesh::modules
