#include "mesh/topology/mgd2_instances.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/inter_mesh.hpp"
#include "mesh/topology/mgd2_connections.hpp"
#include "mesh/topology/mgd2_grid.hpp"
#include "mesh/topology/mgd2_hierarchy.hpp"
#include "mesh/topology/mgd2_validation.hpp"

namespace ttmesh::mesh {
namespace {

void append(std::vector<Problem>& all, std::vector<Problem> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

sim::Arch arch_of(const proto::MeshGraphDescriptor& descriptor) {
  const proto::Architecture arch = descriptor.mesh_descriptors().empty()
                                       ? descriptor.switch_descriptors(0).arch()
                                       : descriptor.mesh_descriptors(0).arch();
  return arch == proto::BLACKHOLE ? sim::Arch::Blackhole : sim::Arch::WormholeB0;
}

/// Order of the meshes: by id where ids are unique, else as instantiated.
std::vector<std::size_t> order_of(const Mgd2Hierarchy& hierarchy, bool by_id) {
  std::vector<std::size_t> order(hierarchy.meshes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (by_id) {
    std::stable_sort(order.begin(), order.end(), [&hierarchy](std::size_t x, std::size_t y) {
      return hierarchy.meshes[x].id < hierarchy.meshes[y].id;
    });
  }
  return order;
}

/// What a launch refuses about the meshes as a whole, and each descriptor in use.
void check_meshes(const Mgd2Document& document, const Mgd2Hierarchy& hierarchy,
                  const std::vector<std::size_t>& order, ParsedTopology& parsed) {
  const std::vector<MeshDescription>& meshes = parsed.topology.meshes;
  for (std::size_t i = 0; i < meshes.size(); ++i) {
    if (meshes[i].id == static_cast<int>(i)) continue;
    parsed.launch_problems.push_back(hierarchy.meshes[order[i]].place.problem(
        "mesh and switch ids must be 0 to " + std::to_string(meshes.size() - 1) +
        " without gaps, found " + std::to_string(meshes[i].id)));
    break;
  }
  if (document.descriptor.mesh_descriptors().empty()) {
    parsed.launch_problems.push_back(document.root.problem(
        "a launch takes the architecture from the first mesh descriptor, and there is none"));
  }
  std::set<Mgd2Grid> grids;
  for (const Mgd2MeshInstance& mesh : hierarchy.meshes) grids.insert(mesh.grid);
  for (const Mgd2Grid& grid : grids) {
    append(parsed.launch_problems, grid_launch_problems(document, grid));
    append(parsed.warnings, grid_warnings(document, grid));
  }
}

}  // namespace

ParsedTopology instantiate_mgd2(const Mgd2Document& document) {
  const Mgd2Hierarchy hierarchy = instantiate_hierarchy(document);
  const bool by_id = document.descriptor.graph_descriptors_size() <= 1;
  const std::vector<std::size_t> order = order_of(hierarchy, by_id);

  ParsedTopology parsed;
  Topology& topology = parsed.topology;
  topology.format = "mgd2";
  topology.arch = arch_of(document.descriptor);
  topology.usable_links = 0;
  std::vector<MeshDescription> instantiated(hierarchy.meshes.size());
  std::vector<std::size_t> position(hierarchy.meshes.size());
  for (const std::size_t i : order) {
    const Mgd2MeshInstance& instance = hierarchy.meshes[i];
    MeshDescription mesh = describe(document, instance.grid);
    position[i] = topology.meshes.size();
    mesh.id = by_id ? instance.id : static_cast<int>(position[i]);
    mesh.first_chip = topology.chip_count();
    instantiated[i] = mesh;
    topology.meshes.push_back(std::move(mesh));
  }
  Mgd2Connections links = connect_hierarchy(document, hierarchy, instantiated);
  for (MeshConnection& connection : links.connections) {
    connection.a.mesh = position[connection.a.mesh];
    connection.b.mesh = position[connection.b.mesh];
  }
  topology.unplaced_links = links.unplaced_links;
  parsed.launch_problems = std::move(links.launch_problems);
  parsed.warnings = std::move(links.warnings);
  check_meshes(document, hierarchy, order, parsed);

  std::vector<Edge> edges = inter_mesh_edges(topology.meshes, links.connections);
  std::int64_t express_links = 0;
  for (std::size_t i = 0; i < topology.meshes.size(); ++i) {
    const MeshDescription& mesh = topology.meshes[i];
    const Mgd2MeshInstance& instance = hierarchy.meshes[order[i]];
    const std::vector<Edge> grid = neighbour_edges(mesh);
    const std::vector<Edge> express = express_edges_of(document, instance.grid, mesh);
    express_links += static_cast<std::int64_t>(express.size());
    if (express_links > kMaxExpressLinks) {
      throw InvalidFile(
          kMgd2InvalidHeading,
          {instance.place.problem("brings the file to more than " +
                                  std::to_string(kMaxExpressLinks) + " express links, the limit")});
    }
    edges.insert(edges.end(), grid.begin(), grid.end());
    edges.insert(edges.end(), express.begin(), express.end());
  }
  topology.set_edges(std::move(edges));
  parsed.request.connections = std::move(links.connections);
  return parsed;
}

}  // namespace ttmesh::mesh
