#include "mesh/topology/mgd1.hpp"

#include <utility>
#include <vector>

#include "mesh/topology/inter_mesh.hpp"
#include "mesh/topology/mgd1_connections.hpp"
#include "mesh/topology/mgd1_meshes.hpp"
#include "mesh/topology/yaml_reader.hpp"

namespace ttmesh::mesh {

bool looks_like_mgd1(const YamlValue& document) {
  return document.find("ChipSpec") != nullptr || document.find("Board") != nullptr ||
         document.find("Mesh") != nullptr;
}

ParsedTopology parse_mgd1(const InputFile& file, const YamlValue& document) {
  YamlReader reader(file.path);
  Mgd1Meshes read = read_mgd1_meshes(reader, document);
  reader.finish();
  std::vector<MeshConnection> connections = read_mgd1_connections(reader, document, read);
  reader.finish();

  ParsedTopology parsed;
  Topology& topology = parsed.topology;
  topology.format = "mgd1";
  topology.arch = read.arch;
  topology.usable_links = 0;
  topology.meshes = std::move(read.meshes);
  std::vector<Edge> edges = inter_mesh_edges(topology.meshes, connections);
  for (const MeshDescription& mesh : topology.meshes) {
    const std::vector<Edge> grid = neighbour_edges(mesh);
    edges.insert(edges.end(), grid.begin(), grid.end());
  }
  topology.set_edges(std::move(edges));
  parsed.request.connections = std::move(connections);
  parsed.launch_problems = std::move(read.launch_problems);
  parsed.warnings = std::move(read.warnings);
  return parsed;
}

}  // namespace ttmesh::mesh
