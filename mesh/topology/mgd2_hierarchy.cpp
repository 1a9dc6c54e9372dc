#include "mesh/topology/mgd2_hierarchy.hpp"

#include <algorithm>
#include <utility>

#include "mesh/topology/mgd2_validation.hpp"

namespace ttmesh::mesh {
namespace {

using Kind = Mgd2Node::Kind;
using proto::NodeRef;

/// Graphs within graphs; real hierarchies have four levels.
constexpr int kMaxGraphDepth = 64;
constexpr int kMaxInstances = 2 * kMaxMeshes;

template <typename Descriptors>
std::map<std::string, int> index_by_name(const Descriptors& descriptors) {
  std::map<std::string, int> index;
  for (int i = 0; i < descriptors.size(); ++i) index.emplace(descriptors[i].name(), i);
  return index;
}

class Instantiation {
 public:
  explicit Instantiation(const Mgd2Document& document)
      : document_(document),
        mesh_index_(index_by_name(document.descriptor.mesh_descriptors())),
        switch_index_(index_by_name(document.descriptor.switch_descriptors())),
        graph_index_(index_by_name(document.descriptor.graph_descriptors())) {}

  Mgd2Hierarchy run() {
    hierarchy_.top = instantiate(document_.descriptor.top_level_instance(),
                                 document_.root.at("top_level_instance"), nullptr);
    if (!problems_.empty()) throw InvalidFile(kMgd2InvalidHeading, std::move(problems_));
    return std::move(hierarchy_);
  }

 private:
  void add(const Mgd2Place& place, const std::string& what) {
    constexpr std::size_t kMaxProblems = 1'000;
    if (problems_.size() < kMaxProblems) problems_.push_back(place.problem(what));
  }

  /// Ends the parse at once: what follows would only grow.
  [[noreturn]] void refuse(const Mgd2Place& place, const std::string& what) {
    add(place, what);
    throw InvalidFile(kMgd2InvalidHeading, std::move(problems_));
  }

  const std::map<std::string, int>& index_of(Kind kind) const {
    return kind == Kind::Mesh ? mesh_index_ : kind == Kind::Switch ? switch_index_ : graph_index_;
  }

  /// Makes the instance that `ref` asks for, and what lies below it; null after a mistake.
  std::unique_ptr<Mgd2Node> instantiate(const NodeRef& ref, const Mgd2Place& place,
                                        const Mgd2Node* parent) {
    if (++instances_ > kMaxInstances) {
      refuse(place, "more than " + std::to_string(kMaxInstances) + " instances, the limit");
    }
    if (ref.node_ref_case() == NodeRef::NODE_REF_NOT_SET) {
      add(place, "Invalid NodeRef: neither mesh, switch, nor graph set");
      return nullptr;
    }
    auto node = std::make_unique<Mgd2Node>();
    node->kind = kind_of(ref);
    node->name = name_of(ref);
    const auto& index = index_of(node->kind);
    const auto found = index.find(node->name);
    if (found == index.end()) {
      add(place,
          std::string(title(node->kind)) + " descriptor " + node->name + " not found in instance");
      return nullptr;
    }
    if (node->kind == Kind::Graph) {
      node->graph = found->second;
      node->type = document_.descriptor.graph_descriptors(node->graph).type();
    } else {
      node->type = node->kind == Kind::Mesh ? "MESH" : "SWITCH";
      add_mesh(*node, {node->kind == Kind::Switch, found->second}, place, id_of(ref));
    }
    if (parent != nullptr && !fits(*node, *parent, id_of(ref), place)) return nullptr;
    if (node->kind == Kind::Graph) fill_graph(*node, place);
    return node;
  }

  bool fits(const Mgd2Node& node, const Mgd2Node& parent, int id, const Mgd2Place& place) {
    if (!parent.children.empty() && !types_match(node.type, parent.children.front()->type)) {
      add(place, "Graph instance type " + node.type +
                     " does not match graph descriptor child type " +
                     parent.children.front()->type);
      return false;
    }
    if (id < 0) {
      add(place, "Graph instance id " + std::to_string(id) + " is negative");
      return false;
    }
    if (parent.by_id.contains(id)) {
      add(place, "Graph instance id " + std::to_string(id) + " already exists in this graph");
      return false;
    }
    return true;
  }

  void fill_graph(Mgd2Node& node, const Mgd2Place& place) {
    if (std::find(types_.begin(), types_.end(), node.type) != types_.end()) {
      add(place, "Graph descriptor type " + node.type + " already exists in hierarchy");
      return;
    }
    if (types_.size() == kMaxGraphDepth) {
      refuse(place,
             "graphs nested deeper than " + std::to_string(kMaxGraphDepth) + " levels, the limit");
    }
    types_.push_back(node.type);
    const proto::GraphDescriptor& graph = document_.descriptor.graph_descriptors(node.graph);
    const Mgd2Place at = document_.root.at("graph_descriptors", node.graph);
    for (int i = 0; i < graph.instances_size(); ++i) {
      auto child = instantiate(graph.instances(i), at.at("instances", i), &node);
      if (child == nullptr) continue;
      node.by_id[id_of(graph.instances(i))] = child.get();
      node.children.push_back(std::move(child));
    }
    types_.pop_back();
  }

  void add_mesh(Mgd2Node& node, const Mgd2Grid& grid, const Mgd2Place& place, int id) {
    if (dims_of(document_, grid) != 2) {
      add(place_of(document_, grid).at("device_topology"),
          "MGD currently only supports 2D meshes/switches");
      return;
    }
    chips_ += describe(document_, grid).shape.size();
    if (chips_ > kMaxChips) {
      refuse(place,
             "brings the file to more than " + std::to_string(kMaxChips) + " chips, the limit");
    }
    express_connections_ += express_connection_count(document_, grid);
    if (express_connections_ > kMaxExpressLinks) {
      refuse(place, "brings the file to more than " + std::to_string(kMaxExpressLinks) +
                        " express connections, the limit");
    }
    node.mesh = hierarchy_.meshes.size();
    hierarchy_.meshes.push_back({grid, id, place});
  }

  const Mgd2Document& document_;
  std::map<std::string, int> mesh_index_;
  std::map<std::string, int> switch_index_;
  std::map<std::string, int> graph_index_;
  Mgd2Hierarchy hierarchy_;
  std::vector<Problem> problems_;
  std::vector<std::string> types_;  ///< Of the graphs around the instance being made.
  int instances_ = 0;
  std::int64_t chips_ = 0;
  std::int64_t express_connections_ = 0;
};

}  // namespace

Mgd2Hierarchy instantiate_hierarchy(const Mgd2Document& document) {
  return Instantiation(document).run();
}

Kind kind_of(const NodeRef& reference) {
  if (reference.has_mesh()) return Kind::Mesh;
  return reference.has_switch_() ? Kind::Switch : Kind::Graph;
}

const std::string& name_of(const NodeRef& reference) {
  if (reference.has_mesh()) return reference.mesh().mesh_descriptor();
  return reference.has_switch_() ? reference.switch_().switch_descriptor()
                                 : reference.graph().graph_descriptor();
}

int id_of(const NodeRef& reference) {
  if (reference.has_mesh()) return reference.mesh().mesh_id();
  return reference.has_switch_() ? reference.switch_().switch_id() : reference.graph().graph_id();
}

const char* title(Kind kind) {
  switch (kind) {
    case Kind::Mesh:
      return "Mesh";
    case Kind::Switch:
      return "Switch";
    case Kind::Graph:
      return "Graph";
  }
  return "";
}

bool types_match(const std::string& x, const std::string& y) {
  const auto is_grid = [](const std::string& type) { return type == "MESH" || type == "SWITCH"; };
  return x == y || (is_grid(x) && is_grid(y));
}

}  // namespace ttmesh::mesh
