#pragma once

#include <string>
#include <vector>

#include "mesh/topology/parsed_topology.hpp"

namespace ttmesh::mesh {

/// Pieces of mesh graph descriptors, version 2. Meshes are of Wormhole chips on one host, with two
/// channels; `more` is further fields.
[[nodiscard]] std::string mgd2_mesh(const std::string& name, const std::string& dims,
                                    const std::string& more = "");
[[nodiscard]] std::string mgd2_instance(const std::string& mesh, int id);
[[nodiscard]] std::string mgd2_graph(const std::string& name, const std::string& type,
                                     const std::string& body);
[[nodiscard]] std::string mgd2_graph_instance(const std::string& graph, int id);
/// Makes a graph the top-level instance.
[[nodiscard]] std::string mgd2_top(const std::string& graph);
/// `meshes` and a graph "G0" of type FABRIC with `body`, the top-level instance.
[[nodiscard]] std::string mgd2_fabric(const std::string& meshes, const std::string& body);

/// Makes mesh "M0" the top-level instance.
inline const std::string kMgd2TopMesh =
    "top_level_instance { mesh { mesh_descriptor: 'M0' mesh_id: 0 } }\n";
/// One mesh "M0" of two chips.
inline const std::string kMgd2Base = mgd2_mesh("M0", "[1, 2]") + kMgd2TopMesh;
/// Instances 0 and 1 of "M0", and the two as ends of a connection.
inline const std::string kMgd2TwoM0 = mgd2_instance("M0", 0) + mgd2_instance("M0", 1);
inline const std::string kMgd2Nodes01 =
    "nodes { mesh { mesh_descriptor: 'M0' mesh_id: 0 } }\n"
    "nodes { mesh { mesh_descriptor: 'M0' mesh_id: 1 } }\n";

[[nodiscard]] ParsedTopology mgd2_topology(const std::string& text);
/// What parsing throws, or what a launch would refuse.
[[nodiscard]] std::string mgd2_problems_of(const std::string& text);

/// A mistake and what must be said of it.
struct Mgd2Case {
  const char* name;
  std::string text;
  std::vector<std::string> messages;
};

}  // namespace ttmesh::mesh
