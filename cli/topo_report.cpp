#include "cli/topo_report.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "cli/topo_drawing.hpp"
#include "mesh/topology/facts.hpp"
#include "sim/system.hpp"

namespace ttmesh::cli {
namespace {

using mesh::DimType;
using mesh::Edge;
using mesh::MeshDescription;
using mesh::Topology;

/// Links that are no part of a drawing are listed, up to this many a kind.
constexpr std::size_t kMaxListed = 24;

std::string word(DimType type) { return type == DimType::Ring ? "ring" : "line"; }

std::string word(mesh::ChannelPolicy policy) {
  return policy == mesh::ChannelPolicy::Strict ? "strict" : "relaxed";
}

/// "1 mesh", "2 meshes"
std::string counted(int count, const std::string& noun, const std::string& plural_ending) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : plural_ending);
}

/// "3-8 x4, 7-12 x4"
std::string list(const std::vector<Edge>& edges) {
  std::string text;
  for (std::size_t i = 0; i < std::min(edges.size(), kMaxListed); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(edges[i].a) + "-" + std::to_string(edges[i].b) + " x" +
            std::to_string(edges[i].channels);
  }
  if (edges.size() > kMaxListed) {
    text += " and " + std::to_string(edges.size() - kMaxListed) + " more";
  }
  return text;
}

/// A name from a file, fit for a terminal.
std::string printable(const std::string& name) {
  std::string text = name.substr(0, 80);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return text;
}

std::string title(const MeshDescription& mesh) {
  if (!mesh.is_grid) return "chips in no grid";
  std::string text = std::string(mesh.is_switch ? "switch " : "mesh ") + std::to_string(mesh.id) +
                     " (" + printable(mesh.name) + "): " + to_string(mesh.shape) + ", " +
                     word(mesh.dim_types[0]) + " x " + word(mesh.dim_types[1]) + ", " +
                     std::to_string(mesh.channels) + " channels";
  if (mesh.host_shape.size() > 1) text += ", hosts " + to_string(mesh.host_shape);
  return text;
}

/// Host and id of each chip of a mesh.
std::vector<std::array<int, 2>> machine_chips(const MeshDescription& mesh,
                                              const TopologyPlacement& placement) {
  std::vector<std::array<int, 2>> result;
  for (int i = 0; i < mesh.shape.size(); ++i) {
    const int chip =
        placement.chips[static_cast<std::size_t>(mesh.first_chip) + static_cast<std::size_t>(i)];
    const mesh::PhysicalMachine::Chip& found =
        placement.machine.chips[static_cast<std::size_t>(chip)];
    result.push_back({found.host, found.id});
  }
  return result;
}

void show_machine_chips(const MeshDescription& mesh, const TopologyPlacement& placement,
                        std::ostream& out) {
  constexpr std::size_t kMaxChips = 64;
  const std::vector<std::array<int, 2>> chips = machine_chips(mesh, placement);
  const bool hosts = placement.machine.files.size() > 1;
  out << "  on the machine, row by row" << (hosts ? ", as host:chip:" : ":");
  for (std::size_t i = 0; i < std::min(chips.size(), kMaxChips); ++i) {
    out << " ";
    if (hosts) out << chips[i][0] << ":";
    out << chips[i][1];
  }
  out << (chips.size() > kMaxChips ? " ...\n" : "\n");
}

void show_mesh(const Topology& topology, const MeshDescription& mesh,
               const TopologyPlacement& placement, std::ostream& out) {
  out << "\n" << title(mesh) << "\n";
  if (mesh.is_grid && !topology.physical_ids.empty()) {
    constexpr int kMaxIds = 64;
    out << "  ids in the file, row by row:";
    for (int i = 0; i < std::min(mesh.shape.size(), kMaxIds); ++i) {
      out << " "
          << topology.physical_ids[static_cast<std::size_t>(mesh.first_chip) +
                                   static_cast<std::size_t>(i)];
    }
    out << (mesh.shape.size() > kMaxIds ? " ...\n" : "\n");
  }
  if (!placement.chips.empty()) show_machine_chips(mesh, placement, out);
  std::vector<Edge> listed;
  for (const Edge& edge : topology.edges) {
    const bool apart = edge.kind == Edge::Kind::Express || !mesh.is_grid;
    if (apart && mesh.owns(edge.a) && mesh.owns(edge.b)) listed.push_back(edge);
  }
  const std::string picture = drawing(mesh);
  if (!picture.empty()) {
    out << picture;
  } else if (mesh.is_grid) {
    out << "  (too large to draw)\n";
  }
  if (!listed.empty()) out << (mesh.is_grid ? "  express: " : "  links: ") << list(listed) << "\n";
}

void show_connections(const Topology& topology, std::ostream& out) {
  std::vector<std::pair<std::array<int, 2>, std::vector<Edge>>> pairs;
  for (const Edge& edge : topology.edges) {
    if (edge.kind != Edge::Kind::InterMesh) continue;
    const std::array<int, 2> ids{topology.mesh_of(edge.a).id, topology.mesh_of(edge.b).id};
    const auto found = std::find_if(pairs.begin(), pairs.end(),
                                    [&ids](const auto& pair) { return pair.first == ids; });
    if (found != pairs.end()) {
      found->second.push_back(edge);
    } else {
      pairs.push_back({ids, {edge}});
    }
    if (pairs.size() > kMaxListed) break;
  }
  if (pairs.empty() && topology.unplaced_links == 0) return;
  out << "\nbetween meshes\n";
  for (std::size_t i = 0; i < std::min(pairs.size(), kMaxListed); ++i) {
    const auto& [ids, edges] = pairs[i];
    out << "  " << ids[0] << " - " << ids[1] << ": " << list(edges) << "\n";
  }
  if (pairs.size() > kMaxListed) out << "  and more\n";
  if (topology.unplaced_links > 0) {
    out << "  " << topology.unplaced_links << " between groups of meshes, carried by no chips\n";
  }
}

}  // namespace

nlohmann::ordered_json topology_json(const Topology& topology, const TopologyPlacement& placement) {
  const mesh::Facts facts = mesh::facts(topology);
  nlohmann::ordered_json json{{"format", topology.format},
                              {"arch", sim::name(topology.arch)},
                              {"meshes", facts.meshes},
                              {"switches", facts.switches},
                              {"chips", facts.chips},
                              {"hosts", facts.hosts},
                              {"chip_pairs", facts.chip_pairs},
                              {"links", facts.links},
                              {"inter_mesh_pairs", facts.inter_mesh_pairs},
                              {"inter_mesh_links", facts.inter_mesh_links}};
  nlohmann::ordered_json meshes = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < topology.meshes.size(); ++i) {
    const MeshDescription& mesh = topology.meshes[i];
    if (!mesh.is_grid) continue;
    meshes.push_back({{"id", mesh.id},
                      {"name", mesh.name},
                      {"shape", {mesh.shape.rows, mesh.shape.cols}},
                      {"dim_types", {word(mesh.dim_types[0]), word(mesh.dim_types[1])}},
                      {"host_shape", {mesh.host_shape.rows, mesh.host_shape.cols}},
                      {"channels", mesh.channels},
                      {"policy", word(mesh.policy)},
                      {"chip_pairs", facts.mesh[i].chip_pairs},
                      {"links", facts.mesh[i].links}});
    if (!placement.chips.empty()) meshes.back()["machine_chips"] = machine_chips(mesh, placement);
  }
  json["mesh"] = std::move(meshes);
  return json;
}

void print_topology(const mesh::ParsedTopology& parsed, const TopologyPlacement& placement,
                    std::ostream& out) {
  const Topology& topology = parsed.topology;
  const mesh::Facts facts = mesh::facts(topology);
  const sim::System& system = sim::find_system(topology.system);
  out << topology.name << "\n"
      << "  format  " << topology.format << ", " << sim::name(topology.arch) << "\n"
      << "  system  " << system.name << " (" << system.title << "), " << topology.usable_links
      << " usable links\n"
      << "  chips   " << facts.chips << " in " << counted(facts.meshes, "mesh", "es");
  if (facts.switches > 0) out << " and " << counted(facts.switches, "switch", "es");
  out << ", " << counted(facts.hosts, "host", "s") << "\n"
      << "  links   " << facts.links << " between " << facts.chip_pairs << " pairs of chips\n";
  if (facts.inter_mesh_links > 0) {
    out << "          " << facts.inter_mesh_links << " between " << facts.inter_mesh_pairs
        << " pairs of meshes\n";
  }
  for (const std::string& note : parsed.notes) out << "  " << note << "\n";
  std::size_t shown = 0;
  for (const MeshDescription& mesh : topology.meshes) {
    if (++shown > kMaxListed) {
      out << "\nand " << topology.meshes.size() - kMaxListed << " more meshes\n";
      break;
    }
    show_mesh(topology, mesh, placement, out);
  }
  show_connections(topology, out);
  for (const mesh::Problem& warning : parsed.warnings) {
    out << "\nwarning: " << to_string(warning) << "\n";
  }
  if (!parsed.launch_problems.empty()) out << "\na launch would refuse this:\n";
  for (const mesh::Problem& problem : parsed.launch_problems) {
    out << "  " << to_string(problem) << "\n";
  }
}

}  // namespace ttmesh::cli
