#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mesh/topology/mgd2_grid.hpp"
#include "mesh/topology/mgd2_text.hpp"

namespace ttmesh::mesh {

/// One instance. Meshes and switches have a position among the hierarchy's meshes; graphs have a
/// descriptor, and children by the ids that are theirs within the graph.
struct Mgd2Node {
  enum class Kind : std::uint8_t { Mesh, Switch, Graph };

  Kind kind = Kind::Mesh;
  std::string name;  ///< Of the descriptor.
  std::string type;  ///< "MESH", "SWITCH", or what the graph says.
  std::size_t mesh = 0;
  int graph = 0;  ///< Position of a graph's descriptor.
  std::vector<std::unique_ptr<Mgd2Node>> children{};
  std::map<int, Mgd2Node*> by_id{};
};

/// An instance of a mesh or switch descriptor.
struct Mgd2MeshInstance {
  Mgd2Grid grid;
  int id;           ///< Within its graph.
  Mgd2Place place;  ///< Of the reference that makes it.
};

/// Everything that the top-level instance stands for.
struct Mgd2Hierarchy {
  std::unique_ptr<Mgd2Node> top;
  std::vector<Mgd2MeshInstance> meshes;  ///< In the order in which they are instantiated.
};

/// Instantiates the top-level instance and what lies below it.
/// Throws mesh::InvalidFile with every reference that leads nowhere, or that does not fit its
/// graph.
[[nodiscard]] Mgd2Hierarchy instantiate_hierarchy(const Mgd2Document& document);

/// Parts of a node reference, whichever member is set.
[[nodiscard]] Mgd2Node::Kind kind_of(const proto::NodeRef& reference);
[[nodiscard]] const std::string& name_of(const proto::NodeRef& reference);
[[nodiscard]] int id_of(const proto::NodeRef& reference);
[[nodiscard]] const char* title(Mgd2Node::Kind kind);

/// True if instances of these types may stand side by side: equal ones, or meshes and switches.
[[nodiscard]] bool types_match(const std::string& x, const std::string& y);

}  // namespace ttmesh::mesh
