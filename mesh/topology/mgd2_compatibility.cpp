#include <set>
#include <string>
#include <vector>

#include "mesh/topology/mgd2_validation.hpp"

namespace ttmesh::mesh {
namespace {

const std::string kPrefix = "MGD 1.0 Compatibility requirement: ";

void check_graph(const Mgd2Place& place, const proto::GraphDescriptor& graph,
                 std::vector<Problem>& problems) {
  const std::string suffix = " (Graph: " + graph.name() + ")";
  if (graph.type() != "FABRIC") {
    problems.push_back(
        place.at("type").problem(kPrefix + "There can only be one FABRIC level graph" + suffix));
  }
  std::set<int> policies;
  if (graph.has_graph_topology()) policies.insert(graph.graph_topology().channels().policy());
  for (int i = 0; i < graph.connections_size(); ++i) {
    policies.insert(graph.connections(i).channels().policy());
    if (graph.connections(i).nodes_size() == 2) continue;
    problems.push_back(place.at("connections", i)
                           .problem(kPrefix + "Connections must have exactly 2 nodes" + suffix));
  }
  if (policies.size() > 1) {
    problems.push_back(place.problem(
        kPrefix +
        "Cannot mix STRICT and RELAXED policies in the same graph. All connections in a graph "
        "must use the same policy" +
        suffix));
  }
}

}  // namespace

std::vector<Problem> mgd2_compatibility_problems(const Mgd2Document& document) {
  std::vector<Problem> problems;
  const auto& descriptor = document.descriptor;
  for (int i = 0; i < descriptor.mesh_descriptors_size(); ++i) {
    const auto& mesh = descriptor.mesh_descriptors(i);
    const std::string suffix = " (Mesh: " + mesh.name() + ")";
    if (mesh.device_topology().dims_size() != 2) {
      problems.push_back(
          document.root.at("mesh_descriptors", i)
              .at("device_topology")
              .problem(kPrefix +
                       "There can only be 2 dimensions in the device topology and host topology" +
                       suffix));
    }
    if (!mesh.express_connections().empty()) {
      problems.push_back(document.root.at("mesh_descriptors", i)
                             .at("express_connections", 0)
                             .problem(kPrefix + "Express connections are not supported" + suffix));
    }
  }
  for (int i = 0; i < descriptor.switch_descriptors_size(); ++i) {
    const auto& grid = descriptor.switch_descriptors(i);
    const std::string suffix = " (Switch: " + grid.name() + ")";
    if (grid.device_topology().dims_size() != 2) {
      problems.push_back(
          document.root.at("switch_descriptors", i)
              .at("device_topology")
              .problem(kPrefix + "There can only be 2 dimensions in the device topology" + suffix));
    }
    if (!grid.express_connections().empty()) {
      problems.push_back(document.root.at("switch_descriptors", i)
                             .at("express_connections", 0)
                             .problem(kPrefix + "Express connections are not supported" + suffix));
    }
  }
  if (descriptor.graph_descriptors_size() > 1) {
    problems.push_back(document.root.at("graph_descriptors", 1)
                           .problem(kPrefix + "There can only be one FABRIC level graph or less"));
  }
  for (int i = 0; i < descriptor.graph_descriptors_size(); ++i) {
    check_graph(document.root.at("graph_descriptors", i), descriptor.graph_descriptors(i),
                problems);
  }
  return problems;
}

}  // namespace ttmesh::mesh
