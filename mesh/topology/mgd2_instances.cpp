#include "mesh/topology/mgd2_instances.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/express.hpp"
#include "mesh/topology/inter_mesh.hpp"
#include "mesh/topology/mgd2_validation.hpp"

namespace ttmesh::mesh {
namespace {

using proto::Connection;
using proto::GraphTopology;
using proto::NodeRef;

/// Graphs within graphs; real hierarchies have four levels.
constexpr int kMaxGraphDepth = 64;
constexpr int kMaxInstances = 2 * kMaxMeshes;

enum class Kind { Mesh, Switch, Graph };

/// One instance. Meshes and switches have a position among the topology's meshes, graphs have
/// children by local id.
struct Node {
  Kind kind;
  std::string descriptor;
  std::string type;  ///< "MESH", "SWITCH", or what the graph says.
  std::size_t mesh = 0;
  std::vector<std::unique_ptr<Node>> children;
  std::map<int, Node*> by_id;
};

/// What a node reference in a connection leads to: a chip, or a whole instance.
struct Target {
  const Node* node;
  std::optional<int> device;

  std::string type() const { return device ? "DEVICE" : node->type; }
};

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

Kind kind_of(const NodeRef& ref) {
  if (ref.has_mesh()) return Kind::Mesh;
  return ref.has_switch_() ? Kind::Switch : Kind::Graph;
}

const std::string& descriptor_of(const NodeRef& ref) {
  if (ref.has_mesh()) return ref.mesh().mesh_descriptor();
  return ref.has_switch_() ? ref.switch_().switch_descriptor() : ref.graph().graph_descriptor();
}

int id_of(const NodeRef& ref) {
  if (ref.has_mesh()) return ref.mesh().mesh_id();
  return ref.has_switch_() ? ref.switch_().switch_id() : ref.graph().graph_id();
}

bool compatible(const std::string& x, const std::string& y) {
  const auto is_grid = [](const std::string& type) { return type == "MESH" || type == "SWITCH"; };
  return x == y || (is_grid(x) && is_grid(y));
}

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

  ParsedTopology run() {
    const NodeRef& top = document_.descriptor.top_level_instance();
    instantiate(top, document_.root.at("top_level_instance"), nullptr);
    finish();
    number_chips();
    make_edges();
    return {std::move(topology_), std::move(launch_problems_), std::move(warnings_)};
  }

 private:
  void add(const Mgd2Place& place, const std::string& what) {
    constexpr std::size_t kMaxProblems = 1'000;
    if (problems_.size() < kMaxProblems) problems_.push_back(place.problem(what));
  }

  void finish() {
    if (!problems_.empty()) throw InvalidFile(kMgd2InvalidHeading, std::move(problems_));
  }

  /// Ends the parse at once: what follows would only grow.
  [[noreturn]] void refuse(const Mgd2Place& place, const std::string& what) {
    add(place, what);
    throw InvalidFile(kMgd2InvalidHeading, std::move(problems_));
  }

  /// Makes the instance that `ref` asks for, and what lies below it; null after a mistake.
  std::unique_ptr<Node> instantiate(const NodeRef& ref, const Mgd2Place& place, Node* parent) {
    if (++instances_ > kMaxInstances) {
      refuse(place, "more than " + std::to_string(kMaxInstances) + " instances, the limit");
    }
    if (ref.node_ref_case() == NodeRef::NODE_REF_NOT_SET) {
      add(place, "Invalid NodeRef: neither mesh, switch, nor graph set");
      return nullptr;
    }
    const Kind kind = kind_of(ref);
    const std::string& name = descriptor_of(ref);
    const auto& index = kind == Kind::Mesh     ? mesh_index_
                        : kind == Kind::Switch ? switch_index_
                                               : graph_index_;
    const auto found = index.find(name);
    if (found == index.end()) {
      add(place, std::string(title(kind)) + " descriptor " + name + " not found in instance");
      return nullptr;
    }
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->descriptor = name;
    const int position = found->second;
    if (kind == Kind::Mesh) {
      node->type = "MESH";
      add_mesh(*node, document_.descriptor.mesh_descriptors(position),
               document_.root.at("mesh_descriptors", position), place, id_of(ref));
    } else if (kind == Kind::Switch) {
      node->type = "SWITCH";
      add_mesh(*node, document_.descriptor.switch_descriptors(position),
               document_.root.at("switch_descriptors", position), place, id_of(ref));
    } else {
      node->type = document_.descriptor.graph_descriptors(position).type();
    }
    if (parent != nullptr && !fits(*node, *parent, id_of(ref), place)) return nullptr;
    if (kind == Kind::Graph) fill_graph(*node, position, place);
    return node;
  }

  bool fits(const Node& node, const Node& parent, int id, const Mgd2Place& place) {
    if (!parent.children.empty() && !compatible(node.type, parent.children.front()->type)) {
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

  void fill_graph(Node& node, int position, const Mgd2Place& place) {
    if (std::find(types_.begin(), types_.end(), node.type) != types_.end()) {
      add(place, "Graph descriptor type " + node.type + " already exists in hierarchy");
      return;
    }
    if (types_.size() == kMaxGraphDepth) {
      refuse(place,
             "graphs nested deeper than " + std::to_string(kMaxGraphDepth) + " levels, the limit");
    }
    types_.push_back(node.type);
    const proto::GraphDescriptor& graph = document_.descriptor.graph_descriptors(position);
    const Mgd2Place at = document_.root.at("graph_descriptors", position);
    const std::size_t problems = problems_.size();
    for (int i = 0; i < graph.instances_size(); ++i) {
      auto child = instantiate(graph.instances(i), at.at("instances", i), &node);
      if (child == nullptr) continue;
      node.by_id[id_of(graph.instances(i))] = child.get();
      node.children.push_back(std::move(child));
    }
    types_.pop_back();
    if (problems_.size() != problems) return;  // References would only repeat what is wrong.
    for (int i = 0; i < graph.connections_size(); ++i) {
      connect(node, graph, graph.connections(i), at.at("connections", i));
    }
    if (graph.has_graph_topology()) {
      connect_layout(node, graph.graph_topology(), at.at("graph_topology"));
    }
  }

  template <typename Descriptor>
  void add_mesh(Node& node, const Descriptor& grid, const Mgd2Place& place,
                const Mgd2Place& instance, int id) {
    const auto& topology = grid.device_topology();
    if (topology.dims_size() != 2) {
      add(place.at("device_topology"), "MGD currently only supports 2D meshes/switches");
      return;
    }
    MeshDescription mesh;
    mesh.id = id;
    mesh.name = grid.name();
    mesh.shape = {topology.dims(0), topology.dims(1)};
    for (int axis = 0; axis < 2; ++axis) {
      const bool ring = topology.dim_types(axis) == proto::TorusTopology::RING;
      mesh.dim_types[static_cast<std::size_t>(axis)] = ring ? DimType::Ring : DimType::Line;
    }
    mesh.channels = grid.channels().count();
    mesh.policy = grid.channels().policy() == proto::Channels::STRICT ? ChannelPolicy::Strict
                                                                      : ChannelPolicy::Relaxed;
    mesh.is_switch = node.kind == Kind::Switch;
    if constexpr (std::is_same_v<Descriptor, proto::MeshDescriptor>) {
      mesh.host_shape = {grid.host_topology().dims(0), grid.host_topology().dims(1)};
      express_links_.push_back(&grid.express_links());
    } else {
      express_links_.push_back(nullptr);
    }
    express_connections_.push_back(&grid.express_connections());
    express_count_ += grid.express_connections_size();
    chips_ += mesh.shape.size();
    if (chips_ > kMaxChips) {
      refuse(instance,
             "brings the file to more than " + std::to_string(kMaxChips) + " chips, the limit");
    }
    if (express_count_ > kMaxInterMeshLinks) {
      refuse(instance, "brings the file to more than " + std::to_string(kMaxInterMeshLinks) +
                           " express connections, the limit");
    }
    if (described_.insert(grid.name() + (mesh.is_switch ? "/switch" : "/mesh")).second) {
      check_grid(mesh, place);
    }
    node.mesh = topology_.meshes.size();
    instances_of_meshes_.push_back(instance);
    topology_.meshes.push_back(std::move(mesh));
  }

  /// What a launch finds wrong with a mesh, and what it takes otherwise than written.
  void check_grid(const MeshDescription& mesh, const Mgd2Place& place) {
    const auto [rows, cols] = mesh.shape;
    const Mgd2Place at = place.at("device_topology");
    const bool wormhole = arch() == sim::Arch::WormholeB0;
    if (wormhole && rows % 2 == 1 && cols % 2 == 1 && mesh.shape.size() != 1) {
      launch_problems_.push_back(at.at("dims", 0).problem(
          "MeshGraph: For WORMHOLE_B0 architecture, if both mesh dimensions are odd, "
          "they must both be 1, got " +
          to_string(mesh.shape)));
    }
    for (int axis = 0; axis < 2; ++axis) {
      const bool ring = mesh.dim_types[static_cast<std::size_t>(axis)] == DimType::Ring;
      const int extent = mesh.shape.extent(axis);
      if (!ring || extent > 2) continue;
      warnings_.push_back(at.at("dim_types", axis)
                              .problem((mesh.is_switch ? "Switch " : "Mesh ") + mesh.name +
                                       " declares RING on dimension " + std::to_string(axis) +
                                       " of extent " + std::to_string(extent) +
                                       "; a ring needs more than 2 devices, treating this "
                                       "dimension as LINE"));
    }
    const int first = document_.descriptor.mesh_descriptors().empty()
                          ? mesh.channels
                          : document_.descriptor.mesh_descriptors(0).channels().count();
    if (mesh.channels != first) {
      launch_problems_.push_back(
          place.at("channels")
              .at("count")
              .problem("channel count " + std::to_string(mesh.channels) + " differs from " +
                       std::to_string(first) +
                       " of the first mesh descriptor, which a launch uses for all"));
    }
  }

  sim::Arch arch() const {
    const auto& descriptor = document_.descriptor;
    const proto::Architecture arch = descriptor.mesh_descriptors().empty()
                                         ? descriptor.switch_descriptors(0).arch()
                                         : descriptor.mesh_descriptors(0).arch();
    return arch == proto::BLACKHOLE ? sim::Arch::Blackhole : sim::Arch::WormholeB0;
  }

  /// Follows a reference of a connection down from `parent`; nothing after a mistake.
  std::optional<Target> resolve(const Node& parent, const NodeRef& ref, const Mgd2Place& place) {
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
    const Node& node = *found->second;
    if (node.kind != kind_of(ref) || node.descriptor != descriptor_of(ref)) {
      add(place, kind + " descriptor " + descriptor_of(ref) +
                     " does not match referenced instance " + node.descriptor);
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
    if (device < 0 || device >= topology_.meshes[node.mesh].shape.size()) {
      add(place, "Device id " + std::to_string(device) + " not found in " +
                     (ref.has_mesh() ? "mesh" : "switch") + " instance");
      return std::nullopt;
    }
    return Target{&node, device};
  }

  void connect(const Node& parent, const proto::GraphDescriptor& graph,
               const Connection& connection, const Mgd2Place& place) {
    std::vector<Target> targets;
    for (int i = 0; i < connection.nodes_size(); ++i) {
      const auto target = resolve(parent, connection.nodes(i), place.at("nodes", i));
      if (target) targets.push_back(*target);
    }
    if (targets.size() != static_cast<std::size_t>(connection.nodes_size())) return;
    for (const Target& target : targets) {
      if (compatible(targets.front().type(), target.type())) continue;
      add(place, "Graph descriptor " + graph.name() +
                     " connections must reference instances within same type or compatible types "
                     "(MESH/SWITCH)");
      return;
    }
    if (connection.directional()) {
      warnings_.push_back(place.at("directional")
                              .problem("a directional connection is taken as a link that carries "
                                       "both directions"));
    }
    const int links = connection.channels().count();
    for (std::size_t i = 0; i < targets.size(); ++i) {
      for (std::size_t j = i + 1; j < targets.size(); ++j) {
        join(targets[i], targets[j], links, place);
      }
    }
  }

  void connect_layout(const Node& graph, const GraphTopology& layout, const Mgd2Place& place) {
    const int links = layout.channels().count();
    const auto& children = graph.children;
    const std::size_t count = children.size();
    if (layout.layout_type() == GraphTopology::ALL_TO_ALL) {
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = i + 1; j < count; ++j) {
          join({children[i].get(), {}}, {children[j].get(), {}}, links, place);
        }
      }
    } else if (layout.layout_type() == GraphTopology::RING) {
      for (std::size_t i = 0; i + 1 < count; ++i) {
        join({children[i].get(), {}}, {children[i + 1].get(), {}}, links, place);
      }
      if (count > 2) join({children[count - 1].get(), {}}, {children[0].get(), {}}, links, place);
    } else {
      add(place.at("layout_type"),
          "Invalid graph topology type: " + std::to_string(layout.layout_type()));
    }
  }

  void join(const Target& a, const Target& b, int links, const Mgd2Place& place) {
    links_ += links;
    if (links_ > kMaxInterMeshLinks) {
      refuse(place, "brings the file to more than " + std::to_string(kMaxInterMeshLinks) +
                        " links between meshes, the limit");
    }
    if (a.node->kind == Kind::Graph) {
      topology_.unplaced_links += links;
    } else if (a.node->mesh == b.node->mesh) {
      launch_problems_.push_back(place.problem("Connection joins a mesh to itself"));
    } else {
      connections_.push_back({{a.node->mesh, a.device}, {b.node->mesh, b.device}, links});
    }
  }

  /// Puts the meshes in order of their ids, gives them chips, and moves what refers to them along.
  void number_chips() {
    std::vector<MeshDescription>& meshes = topology_.meshes;
    topology_.format = "mgd2";
    topology_.arch = arch();
    topology_.usable_links = 0;
    std::vector<std::size_t> order(meshes.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (document_.descriptor.graph_descriptors_size() > 1) {
      for (std::size_t i = 0; i < meshes.size(); ++i) meshes[i].id = static_cast<int>(i);
    } else {
      std::stable_sort(order.begin(), order.end(), [&meshes](std::size_t x, std::size_t y) {
        return meshes[x].id < meshes[y].id;
      });
    }
    std::vector<MeshDescription> sorted;
    std::vector<std::size_t> position(meshes.size());
    ChipId first_chip = 0;
    for (const std::size_t i : order) {
      position[i] = sorted.size();
      sorted.push_back(std::move(meshes[i]));
      sorted.back().first_chip = first_chip;
      first_chip += sorted.back().shape.size();
      if (sorted.back().id != static_cast<int>(sorted.size()) - 1 && dense_) {
        dense_ = false;
        launch_problems_.push_back(instances_of_meshes_[i].problem(
            "mesh and switch ids must be 0 to " + std::to_string(order.size() - 1) +
            " without gaps, found " + std::to_string(sorted.back().id)));
      }
    }
    meshes = std::move(sorted);
    for (MeshConnection& connection : connections_) {
      connection.a.mesh = position[connection.a.mesh];
      connection.b.mesh = position[connection.b.mesh];
    }
    order_ = std::move(order);
    if (document_.descriptor.mesh_descriptors().empty()) {
      launch_problems_.push_back(document_.root.problem(
          "a launch takes the architecture from the first mesh descriptor, and there is none"));
    }
  }

  void make_edges() {
    std::vector<Edge> edges = inter_mesh_edges(topology_.meshes, connections_);
    for (std::size_t i = 0; i < topology_.meshes.size(); ++i) {
      const MeshDescription& mesh = topology_.meshes[i];
      const std::vector<Edge> grid = neighbour_edges(mesh);
      edges.insert(edges.end(), grid.begin(), grid.end());
      const std::vector<Edge> chords = express(mesh, order_[i]);
      if (static_cast<std::int64_t>(chords.size()) > kMaxInterMeshLinks) {
        refuse(instances_of_meshes_[order_[i]], "too many express links");
      }
      check_express_ends(mesh, chords, order_[i]);
      edges.insert(edges.end(), chords.begin(), chords.end());
    }
    topology_.set_edges(std::move(edges));
  }

  std::vector<Edge> express(const MeshDescription& mesh, std::size_t instance) const {
    std::vector<Edge> edges;
    for (const proto::ExpressConnection& chord : *express_connections_[instance]) {
      if (chord.src() == chord.dst()) continue;
      const ChipId x = mesh.first_chip + chord.src();
      const ChipId y = mesh.first_chip + chord.dst();
      const int axis = mesh.coordinate(x).col == mesh.coordinate(y).col ? 0 : 1;
      edges.push_back({std::min(x, y), std::max(x, y), mesh.channels, Edge::Kind::Express, axis});
    }
    if (express_links_[instance] == nullptr) return edges;
    for (const proto::ExpressLink& link : *express_links_[instance]) {
      const std::vector<Edge> chords =
          express_edges(mesh, {.axis = link.dim_idx(),
                               .start = link.pattern().start(),
                               .step = link.pattern().step(),
                               .wrap = link.wrap() != proto::TorusTopology::LINE});
      edges.insert(edges.end(), chords.begin(), chords.end());
      if (static_cast<std::int64_t>(edges.size()) > kMaxInterMeshLinks) break;
    }
    return edges;
  }

  /// Routing has one name, Z, for a chip's express link, so that a chip can end only one.
  void check_express_ends(const MeshDescription& mesh, const std::vector<Edge>& chords,
                          std::size_t instance) {
    if (express_links_[instance] == nullptr || express_links_[instance]->empty()) return;
    std::set<ChipId> ends;
    for (const Edge& chord : chords) {
      const bool first = ends.insert(chord.a).second && ends.insert(chord.b).second;
      if (first) continue;
      launch_problems_.push_back(instances_of_meshes_[instance].problem(
          "two express links of mesh " + mesh.name +
          " end on one row; direction Z must name one link"));
      return;
    }
  }

  const Mgd2Document& document_;
  std::map<std::string, int> mesh_index_;
  std::map<std::string, int> switch_index_;
  std::map<std::string, int> graph_index_;

  Topology topology_;
  std::vector<Problem> problems_;
  std::vector<Problem> launch_problems_;
  std::vector<Problem> warnings_;

  std::vector<std::string> types_;  ///< Of the graphs around the instance being made.
  int instances_ = 0;
  std::int64_t chips_ = 0;
  std::int64_t links_ = 0;
  std::int64_t express_count_ = 0;
  bool dense_ = true;
  std::set<std::string> described_;
  std::vector<MeshConnection> connections_;
  std::vector<std::size_t> order_;  ///< Instances by their final position.

  // By instance of a mesh or switch.
  std::vector<Mgd2Place> instances_of_meshes_;
  std::vector<const google::protobuf::RepeatedPtrField<proto::ExpressLink>*> express_links_;
  std::vector<const google::protobuf::RepeatedPtrField<proto::ExpressConnection>*>
      express_connections_;
};

}  // namespace

ParsedTopology instantiate_mgd2(const Mgd2Document& document) {
  return Instantiation(document).run();
}

}  // namespace ttmesh::mesh
