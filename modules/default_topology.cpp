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
  const mesh::Topology& topology = device.topology();
  int links = std::min(wanted, topology.usable_links);
  for (const mesh::Edge& edge : topology.edges) {
    const bool inside = mesh::position_in(topology, device.view(), edge.a) &&
                        mesh::position_in(topology, device.view(), edge.b);
    if (inside) links = std::min(links, edge.channels);
  }
  return std::max(1, links);
}

}  // namespace ttmesh::modules
