#include "mesh/topology/mgd2_grid.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "mesh/topology/express.hpp"
#include "mesh/topology/input_file.hpp"

namespace ttmesh::mesh {
namespace {

const proto::MeshDescriptor& mesh_at(const Mgd2Document& document, const Mgd2Grid& grid) {
  return document.descriptor.mesh_descriptors(grid.position);
}

const proto::SwitchDescriptor& switch_at(const Mgd2Document& document, const Mgd2Grid& grid) {
  return document.descriptor.switch_descriptors(grid.position);
}

const proto::TorusTopology& topology_of(const Mgd2Document& document, const Mgd2Grid& grid) {
  return grid.is_switch ? switch_at(document, grid).device_topology()
                        : mesh_at(document, grid).device_topology();
}

const auto& express_connections_of(const Mgd2Document& document, const Mgd2Grid& grid) {
  return grid.is_switch ? switch_at(document, grid).express_connections()
                        : mesh_at(document, grid).express_connections();
}

/// Routing has one name, Z, for a chip's express link, so that a chip can end only one.
bool ends_twice_on_a_chip(const std::vector<Edge>& chords) {
  std::set<ChipId> ends;
  return std::any_of(chords.begin(), chords.end(), [&ends](const Edge& chord) {
    return !ends.insert(chord.a).second || !ends.insert(chord.b).second;
  });
}

}  // namespace

Mgd2Place place_of(const Mgd2Document& document, const Mgd2Grid& grid) {
  return document.root.at(grid.is_switch ? "switch_descriptors" : "mesh_descriptors",
                          grid.position);
}

int dims_of(const Mgd2Document& document, const Mgd2Grid& grid) {
  return topology_of(document, grid).dims_size();
}

MeshDescription describe(const Mgd2Document& document, const Mgd2Grid& grid) {
  const proto::TorusTopology& topology = topology_of(document, grid);
  const proto::Channels& channels =
      grid.is_switch ? switch_at(document, grid).channels() : mesh_at(document, grid).channels();
  MeshDescription mesh;
  mesh.name = grid.is_switch ? switch_at(document, grid).name() : mesh_at(document, grid).name();
  mesh.shape = {topology.dims(0), topology.dims(1)};
  for (int axis = 0; axis < 2; ++axis) {
    const bool ring = topology.dim_types(axis) == proto::TorusTopology::RING;
    mesh.dim_types[static_cast<std::size_t>(axis)] = ring ? DimType::Ring : DimType::Line;
  }
  mesh.channels = channels.count();
  mesh.policy =
      channels.policy() == proto::Channels::STRICT ? ChannelPolicy::Strict : ChannelPolicy::Relaxed;
  mesh.is_switch = grid.is_switch;
  if (!grid.is_switch) {
    const auto& hosts = mesh_at(document, grid).host_topology().dims();
    mesh.host_shape = {hosts[0], hosts[1]};
  }
  return mesh;
}

std::int64_t express_connection_count(const Mgd2Document& document, const Mgd2Grid& grid) {
  return express_connections_of(document, grid).size();
}

std::vector<Edge> express_edges_of(const Mgd2Document& document, const Mgd2Grid& grid,
                                   const MeshDescription& mesh) {
  std::vector<Edge> edges;
  for (const proto::ExpressConnection& chord : express_connections_of(document, grid)) {
    if (chord.src() == chord.dst()) continue;
    const ChipId from = mesh.first_chip + std::min(chord.src(), chord.dst());
    const ChipId to = mesh.first_chip + std::max(chord.src(), chord.dst());
    const int axis = mesh.coordinate(from).col == mesh.coordinate(to).col ? 0 : 1;
    edges.push_back({from, to, mesh.channels, Edge::Kind::Express, axis});
  }
  if (grid.is_switch) return edges;
  for (const proto::ExpressLink& link : mesh_at(document, grid).express_links()) {
    const std::vector<Edge> chords =
        express_edges(mesh, {.axis = link.dim_idx(),
                             .start = link.pattern().start(),
                             .step = link.pattern().step(),
                             .wrap = link.wrap() != proto::TorusTopology::LINE});
    edges.insert(edges.end(), chords.begin(), chords.end());
    if (static_cast<std::int64_t>(edges.size()) > kMaxExpressLinks) break;
  }
  return edges;
}

std::vector<Problem> grid_launch_problems(const Mgd2Document& document, const Mgd2Grid& grid) {
  std::vector<Problem> problems;
  const Mgd2Place place = place_of(document, grid);
  const MeshDescription mesh = describe(document, grid);
  const bool wormhole = (grid.is_switch ? switch_at(document, grid).arch()
                                        : mesh_at(document, grid).arch()) == proto::WORMHOLE_B0;
  const bool odd = mesh.shape.rows % 2 == 1 && mesh.shape.cols % 2 == 1;
  if (wormhole && odd && mesh.shape.size() != 1) {
    problems.push_back(
        place.at("device_topology")
            .at("dims", 0)
            .problem("MeshGraph: For WORMHOLE_B0 architecture, if both mesh dimensions are odd, "
                     "they must both be 1, got " +
                     to_string(mesh.shape)));
  }
  const auto& meshes = document.descriptor.mesh_descriptors();
  if (!meshes.empty() && meshes[0].channels().count() != mesh.channels) {
    problems.push_back(place.at("channels")
                           .at("count")
                           .problem("channel count " + std::to_string(mesh.channels) +
                                    " differs from " +
                                    std::to_string(meshes[0].channels().count()) +
                                    " of the first mesh descriptor, which a launch uses for all"));
  }
  const bool patterns = !grid.is_switch && !mesh_at(document, grid).express_links().empty();
  if (patterns && ends_twice_on_a_chip(express_edges_of(document, grid, mesh))) {
    problems.push_back(place.at("express_links", 0)
                           .problem("two express links of mesh " + mesh.name +
                                    " end on one row; direction Z must name one link"));
  }
  return problems;
}

std::vector<Problem> grid_warnings(const Mgd2Document& document, const Mgd2Grid& grid) {
  std::vector<Problem> warnings;
  const MeshDescription mesh = describe(document, grid);
  for (int axis = 0; axis < 2; ++axis) {
    const bool ring = mesh.dim_types[static_cast<std::size_t>(axis)] == DimType::Ring;
    const int extent = mesh.shape.extent(axis);
    if (!ring || extent > 2) continue;
    warnings.push_back(place_of(document, grid)
                           .at("device_topology")
                           .at("dim_types", axis)
                           .problem((grid.is_switch ? "Switch " : "Mesh ") + mesh.name +
                                    " declares RING on dimension " + std::to_string(axis) +
                                    " of extent " + std::to_string(extent) +
                                    "; a ring needs more than 2 devices, treating this dimension "
                                    "as LINE"));
  }
  return warnings;
}

}  // namespace ttmesh::mesh
