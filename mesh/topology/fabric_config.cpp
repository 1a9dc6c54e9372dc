#include "mesh/topology/fabric_config.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace ttmesh::mesh {
namespace {

/// Which dims close to rings; a Galaxy's config asks for both on a Galaxy, for none elsewhere.
enum class Rings : std::uint8_t { None, X, Y, Both, BothOnGalaxy };

struct Config {
  std::string_view name;
  Rings rings;
};

constexpr std::array<Config, 7> kConfigs{{{"FABRIC_1D", Rings::None},
                                          {"FABRIC_1D_RING", Rings::BothOnGalaxy},
                                          {"FABRIC_1D_NEIGHBOR_EXCHANGE", Rings::BothOnGalaxy},
                                          {"FABRIC_2D", Rings::None},
                                          {"FABRIC_2D_TORUS_X", Rings::X},
                                          {"FABRIC_2D_TORUS_Y", Rings::Y},
                                          {"FABRIC_2D_TORUS_XY", Rings::Both}}};

const Config& find_config(std::string name) {
  const std::string typed = name;
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string names;
  for (const Config& config : kConfigs) {
    if (config.name == name) return config;
    if (!names.empty()) names += ", ";
    names += config.name;
  }
  throw std::invalid_argument("[topology] unknown FabricConfig '" + typed + "'; known are " +
                              names);
}

/// By axis: rows ("Y") first, as in MeshDescription::dim_types.
using Axes = std::array<bool, 2>;

Axes rings_of(const Config& config, const Topology& topology) {
  const bool galaxy = topology.system == "galaxy" || topology.system == "bh_galaxy";
  const bool both = config.rings == Rings::Both || (config.rings == Rings::BothOnGalaxy && galaxy);
  return {both || config.rings == Rings::Y, both || config.rings == Rings::X};
}

const char* fabric_type(const Axes& rings) {
  if (rings[0]) return rings[1] ? "TORUS_XY" : "TORUS_Y";
  return rings[1] ? "TORUS_X" : "MESH";
}

/// The wraps that a mesh has, or nothing to close.
bool has_ring(const MeshDescription& mesh, int axis) {
  return mesh.shape.extent(axis) < 3 || mesh.wraps(axis);
}

}  // namespace

void apply_fabric_config(ParsedTopology& parsed, const std::string& name) {
  Topology& topology = parsed.topology;
  const Config& config = find_config(name);
  const Axes rings = rings_of(config, topology);
  std::vector<Problem> problems;
  for (const MeshDescription& mesh : topology.meshes) {
    if (!mesh.is_grid) continue;
    const bool enough = (!rings[0] || has_ring(mesh, 0)) && (!rings[1] || has_ring(mesh, 1));
    if (enough) continue;
    problems.push_back(
        {topology.name, 0, (mesh.is_switch ? "switch " : "mesh ") + std::to_string(mesh.id),
         "FabricConfig " + std::string(config.name) + " requests topology " + fabric_type(rings) +
             " which requires more connectivity than MGD provides " +
             fabric_type({mesh.wraps(0), mesh.wraps(1)}) +
             ". FabricConfig can only restrict topology (e.g., torus→mesh), not create new "
             "connections."});
  }
  if (!problems.empty()) {
    parsed.launch_problems.insert(parsed.launch_problems.end(), problems.begin(), problems.end());
    return;
  }
  const auto closes = [&rings](int axis) { return rings[static_cast<std::size_t>(axis)]; };
  std::vector<Edge> edges = topology.edges;
  std::erase_if(
      edges, [&](const Edge& edge) { return edge.kind == Edge::Kind::Wrap && !closes(edge.axis); });
  topology.set_edges(std::move(edges));
  for (MeshDescription& mesh : topology.meshes) {
    for (const int axis : {0, 1}) {
      if (!closes(axis)) mesh.dim_types[static_cast<std::size_t>(axis)] = DimType::Line;
    }
  }
}

}  // namespace ttmesh::mesh
