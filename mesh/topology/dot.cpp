#include "mesh/topology/dot.hpp"

#include <map>
#include <vector>

namespace ttmesh::mesh {
namespace {

/// In double quotes; graphviz knows no escapes but these.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  return result + '"';
}

std::string mesh_box(const Topology& topology, const MeshDescription& mesh) {
  const std::string id = std::to_string(mesh.id);
  std::string text = "  subgraph cluster_mesh_" + id + " {\n    label=" +
                     quoted((mesh.is_switch ? "switch " : "mesh ") + id + ": " + mesh.name) + "\n";
  std::map<int, std::vector<ChipId>> chips_of_host;
  for (ChipId chip = mesh.first_chip; mesh.owns(chip); ++chip) {
    chips_of_host[topology.host_of(chip)].push_back(chip);
  }
  for (const auto& [host, chips] : chips_of_host) {
    text += "    subgraph cluster_mesh_" + id + "_host_" + std::to_string(host) +
            " {\n      label=\"host " + std::to_string(host) + "\" style=dashed\n     ";
    for (const ChipId chip : chips) text += " " + std::to_string(chip);
    text += "\n    }\n";
  }
  return text + "  }\n";
}

}  // namespace

std::string dot(const Topology& topology) {
  std::string text =
      "graph topology {\n  label=" + quoted(topology.name) + "\n  node [shape=box]\n";
  for (const MeshDescription& mesh : topology.meshes) text += mesh_box(topology, mesh);
  for (const Edge& edge : topology.edges) {
    text += "  " + std::to_string(edge.a) + " -- " + std::to_string(edge.b) +
            " [label=" + std::to_string(edge.channels);
    switch (edge.kind) {
      case Edge::Kind::Neighbour:
        break;
      case Edge::Kind::Wrap:
        text += " style=dashed constraint=false";
        break;
      case Edge::Kind::Express:
      case Edge::Kind::InterMesh:
        text += " style=bold";
        break;
    }
    text += "]\n";
  }
  return text + "}\n";
}

}  // namespace ttmesh::mesh
