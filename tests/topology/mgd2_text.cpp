#include "tests/topology/mgd2_text.hpp"

#include "mesh/topology/mgd2.hpp"
#include "tests/topology/descriptors.hpp"

namespace ttmesh::mesh {

std::string mgd2_mesh(const std::string& name, const std::string& dims, const std::string& more) {
  return "mesh_descriptors {\n  name: '" + name + "'\n  arch: WORMHOLE_B0\n" +
         "  device_topology { dims: " + dims + " }\n  host_topology { dims: [1, 1] }\n" +
         "  channels { count: 2 }\n  " + more + "\n}\n";
}

std::string mgd2_instance(const std::string& mesh, int id) {
  return "instances { mesh { mesh_descriptor: '" + mesh + "' mesh_id: " + std::to_string(id) +
         " } }\n";
}

std::string mgd2_graph(const std::string& name, const std::string& type, const std::string& body) {
  return "graph_descriptors { name: '" + name + "' type: '" + type + "'\n" + body + "}\n";
}

std::string mgd2_graph_instance(const std::string& graph, int id) {
  return "instances { graph { graph_descriptor: '" + graph + "' graph_id: " + std::to_string(id) +
         " } }\n";
}

std::string mgd2_top(const std::string& graph) {
  return "top_level_instance { graph { graph_descriptor: '" + graph + "' graph_id: 0 } }\n";
}

std::string mgd2_fabric(const std::string& meshes, const std::string& body) {
  return meshes + mgd2_graph("G0", "FABRIC", body) + mgd2_top("G0");
}

ParsedTopology mgd2_topology(const std::string& text) { return parse_mgd2({"m.textproto", text}); }

std::string mgd2_problems_of(const std::string& text) {
  return problems_in([&text] { return mgd2_topology(text); });
}

}  // namespace ttmesh::mesh
