#include "mesh/topology/mgd2_connections.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "mesh/topology/mgd2_validation.hpp"

namespace ttmesh::mesh {
namespace {

using proto::GraphTopology;
using proto::NodeRef;

/// What a node reference leads to: a chip, or a whole instance.
struct Target {
  const Mgd2Node* node;
  std::optional<int> device;

  std::string type() const { return device ? "DEVICE" : node->type; }
};

class Connector {
 public:
  Connector(const Mgd2Document& document, const std::vector<MeshDescription>& meshes)
      : document_(document), meshes_(meshes) {}

  Mgd2Connections run(const Mgd2Node& top) {
    connect_graph(top);
    if (!problems_.empty()) throw InvalidFile(kMgd2InvalidHeading, std::move(problems_));
    return std::move(result_);
  }

 private:
  void add(const Mgd2Place& place, const std::string& what) {
    constexpr std::size_t kMaxProblems = 1'000;
    if (problems_.size() < kMaxProblems) problems_.push_back(place.problem(what));
  }

  void connect_graph(const Mgd2Node& node) {
    if (node.kind != Mgd2Node::Kind::Graph) return;
    for (const auto& child : node.children) connect_graph(*child);
    const proto::GraphDescriptor& graph = document_.descriptor.graph_descriptors(node.graph);
    const Mgd2Place at = document_.root.at("graph_descriptors", node.graph);
    for (int i = 0; i < graph.connections_size(); ++i) {
      connect(node, graph.connections(i), at.at("connections", i));
    }
    if (graph.has_graph_topology()) {
      connect_layout(node, graph.graph_topology(), at.at("graph_topology"));
    }
  }

  /// Follows a reference down from `parent`; nothing after a mistake.
  std::optional<Target> resolve(const Mgd2Node& parent, const NodeRef& ref,
                                const Mgd2Place& place) {
    if (ref.node_ref_case() == NodeRef::NODE_REF_NOT_SET) {
      add(place, "Invalid NodeRef: neither mesh, switch, nor graph set");
      return std::nullopt;
    }
    const std::string kind = title(kind_of(ref));
    const auto found = parent.by_id.find(id_of(ref));
    if (found == parent.by_id.end()) {
      add(place,
          kind + " instance id " + std::to_string(id_of(ref)) + " not found in parent instance");
      return std::nullopt;
    }
    const Mgd2Node& node = *found->second;
    if (node.kind != kind_of(ref) || node.name != name_of(ref)) {
      add(place, kind + " descriptor " + name_of(ref) + " does not match referenced instance " +
                     node.name);
      return std::nullopt;
    }
    if (ref.has_graph()) {
      if (!ref.graph().has_sub_ref()) return Target{&node, std::nullopt};
      return resolve(node, ref.graph().sub_ref(), place.at("graph").at("sub_ref"));
    }
    const bool has_device =
        ref.has_mesh() ? ref.mesh().has_device_id() : ref.switch_().has_device_id();
    if (!has_device) return Target{&node, std::nullopt};
    const int device = ref.has_mesh() ? ref.mesh().device_id() : ref.switch_().device_id();
    if (device < 0 || device >= meshes_[node.mesh].shape.size()) {
      add(place, "Device id " + std::to_string(device) + " not found in " +
                     (ref.has_mesh() ? "mesh" : "switch") + " instance");
      return std::nullopt;
    }
    return Target{&node, device};
  }

  void connect(const Mgd2Node& graph, const proto::Connection& connection, const Mgd2Place& place) {
    std::vector<Target> targets;
    for (int i = 0; i < connection.nodes_size(); ++i) {
      const auto target = resolve(graph, connection.nodes(i), place.at("nodes", i));
      if (target) targets.push_back(*target);
    }
    if (targets.size() != static_cast<std::size_t>(connection.nodes_size())) return;
    for (const Target& target : targets) {
      if (types_match(targets.front().type(), target.type())) continue;
      add(place, "Graph descriptor " + graph.name +
                     " connections must reference instances within same type or compatible types "
                     "(MESH/SWITCH)");
      return;
    }
    if (connection.directional()) {
      result_.warnings.push_back(place.at("directional")
                                     .problem("a directional connection is taken as a link that "
                                              "carries both directions"));
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
      for (std::size_t j = i + 1; j < targets.size(); ++j) {
        join(targets[i], targets[j], connection.channels(), place);
      }
    }
  }

  void connect_layout(const Mgd2Node& graph, const GraphTopology& layout, const Mgd2Place& place) {
    const auto& children = graph.children;
    const std::size_t count = children.size();
    const auto join_children = [&](std::size_t i, std::size_t j) {
      join({children[i].get(), {}}, {children[j].get(), {}}, layout.channels(), place);
    };
    if (layout.layout_type() == GraphTopology::ALL_TO_ALL) {
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = i + 1; j < count; ++j) join_children(i, j);
      }
    } else if (layout.layout_type() == GraphTopology::RING) {
      for (std::size_t i = 0; i + 1 < count; ++i) join_children(i, i + 1);
      if (count > 2) join_children(count - 1, 0);
    } else {
      add(place.at("layout_type"),
          "Invalid graph topology type: " + std::to_string(layout.layout_type()));
    }
  }

  void join(const Target& a, const Target& b, const proto::Channels& channels,
            const Mgd2Place& place) {
    const int links = channels.count();
    links_ += links;
    if (links_ > kMaxInterMeshLinks) {
      add(place, "brings the file to more than " + std::to_string(kMaxInterMeshLinks) +
                     " links between meshes, the limit");
      throw InvalidFile(kMgd2InvalidHeading, std::move(problems_));
    }
    if (a.node->kind == Mgd2Node::Kind::Graph) {
      result_.unplaced_links += links;
    } else if (a.node->mesh == b.node->mesh) {
      result_.launch_problems.push_back(place.problem("Connection joins a mesh to itself"));
    } else {
      const bool relaxed = channels.policy() == proto::Channels::RELAXED;
      result_.connections.push_back({{a.node->mesh, a.device},
                                     {b.node->mesh, b.device},
                                     links,
                                     relaxed ? ChannelPolicy::Relaxed : ChannelPolicy::Strict});
    }
  }

  const Mgd2Document& document_;
  const std::vector<MeshDescription>& meshes_;
  Mgd2Connections result_;
  std::vector<Problem> problems_;
  std::int64_t links_ = 0;
};

}  // namespace

Mgd2Connections connect_hierarchy(const Mgd2Document& document, const Mgd2Hierarchy& hierarchy,
                                  const std::vector<MeshDescription>& meshes) {
  return Connector(document, meshes).run(*hierarchy.top);
}

}  // namespace ttmesh::mesh
