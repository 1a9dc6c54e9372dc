#include <algorithm>
#include <cstddef>
#include <string>

#include "mesh/topology/ttmesh_yaml.hpp"
#include "sim/system.hpp"

namespace ttmesh::mesh {
namespace {

std::string pair(int first, int second) {
  return "[" + std::to_string(first) + ", " + std::to_string(second) + "]";
}

std::string word(DimType type) { return type == DimType::Ring ? "ring" : "line"; }

/// In double quotes, so that no name is taken for YAML's own syntax.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr char kDigits[] = "0123456789abcdef";
      result += std::string("\\x") + kDigits[byte >> 4] + kDigits[byte & 15];
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string mesh_text(const Topology& topology, const MeshDescription& mesh,
                      const std::string& indent) {
  std::string text = "name: " + quoted(mesh.name) + "\n";
  if (mesh.is_grid) {
    text += indent + "shape: " + pair(mesh.shape.rows, mesh.shape.cols) + "\n";
    text +=
        indent + "dim_types: [" + word(mesh.dim_types[0]) + ", " + word(mesh.dim_types[1]) + "]\n";
    text += indent + "channels: " + std::to_string(mesh.channels) + "\n";
    text += indent + "host_shape: " + pair(mesh.host_shape.rows, mesh.host_shape.cols) + "\n";
  } else {
    text += indent + "chips: " + std::to_string(mesh.shape.size()) + "\n";
  }
  text += indent + "policy: " + (mesh.policy == ChannelPolicy::Strict ? "strict\n" : "relaxed\n");
  if (mesh.is_switch) text += indent + "switch: true\n";
  std::string links;
  std::string express;
  auto edge = std::lower_bound(topology.edges.begin(), topology.edges.end(), mesh.first_chip,
                               [](const Edge& each, ChipId chip) { return each.a < chip; });
  for (; edge != topology.edges.end() && mesh.owns(edge->a); ++edge) {
    if (edge->kind == Edge::Kind::InterMesh) continue;
    std::string chips = indent + "  - [" + std::to_string(edge->a - mesh.first_chip) + ", " +
                        std::to_string(edge->b - mesh.first_chip);
    if (edge->kind == Edge::Kind::Express) {
      if (edge->channels != mesh.channels) chips += ", " + std::to_string(edge->channels);
      express += chips + "]\n";
    } else if (edge->channels != mesh.channels) {
      links += chips + ", " + std::to_string(edge->channels) + "]\n";
    }
  }
  if (!links.empty()) text += indent + "links:\n" + links;
  if (!express.empty()) text += indent + "express:\n" + express;
  return text;
}

}  // namespace

std::string ttmesh_yaml(const Topology& topology) {
  std::string text = "ttmesh: 1\n";
  if (!topology.name.empty()) text += "name: " + quoted(topology.name) + "\n";
  text += "system: " + topology.system + "\n";
  if (topology.usable_links > 0) {
    text += "usable_links: " + std::to_string(topology.usable_links) + "\n";
  }
  if (topology.link.bandwidth_bytes_per_s || topology.link.latency) {
    text += "link:\n";
    if (const auto& rate = topology.link.bandwidth_bytes_per_s) {
      text += "  bandwidth: " + std::to_string(*rate) + "B/s\n";
    }
    if (const auto& latency = topology.link.latency) {
      text += "  latency: " + std::to_string(latency->ps()) + "ps\n";
    }
  }
  if (topology.unplaced_links > 0) {
    text += "unplaced_links: " + std::to_string(topology.unplaced_links) + "\n";
  }
  if (topology.one_host) text += "one_host: true\n";
  if (!topology.host_ranks.empty()) {
    text += "host_ranks: [";
    for (const int rank : topology.host_ranks)
      text += (text.back() == '[' ? "" : ", ") + std::to_string(rank);
    text += "]\n";
  }
  text += "meshes:\n";
  for (const MeshDescription& mesh : topology.meshes) {
    text += "  - " + mesh_text(topology, mesh, "    ");
  }
  std::string connections;
  for (const Edge& edge : topology.edges) {
    if (edge.kind != Edge::Kind::InterMesh) continue;
    const MeshDescription& a = topology.mesh_of(edge.a);
    const MeshDescription& b = topology.mesh_of(edge.b);
    const auto at = [&topology](const MeshDescription& mesh) {
      return static_cast<int>(&mesh - topology.meshes.data());
    };
    connections += "  - chips: [" + pair(at(a), edge.a - a.first_chip) + ", " +
                   pair(at(b), edge.b - b.first_chip) + "]\n";
    connections += "    links: " + std::to_string(edge.channels) + "\n";
  }
  if (!connections.empty()) text += "connections:\n" + connections;
  return text;
}

}  // namespace ttmesh::mesh
