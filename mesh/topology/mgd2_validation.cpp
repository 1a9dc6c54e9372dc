#include "mesh/topology/mgd2_validation.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "mesh/topology/mgd2_pinnings.hpp"

namespace ttmesh::mesh {
namespace {

using proto::Channels;
using proto::TorusTopology;

constexpr int kMaxExtent = 4096;

/// What the rules call a descriptor: "(Mesh: M0)".
struct Owner {
  std::string kind;
  std::string name;

  std::string suffix() const { return " (" + kind + ": " + name + ")"; }
};

void default_policy(Channels* channels, Channels::Policy policy) {
  if (!channels->has_policy()) channels->set_policy(policy);
}

/// Collects the problems of a stage.
class Stage {
 public:
  void add(const Mgd2Place& place, const std::string& what) {
    problems_.push_back(place.problem(what));
  }
  void add(Problem problem) { problems_.push_back(std::move(problem)); }
  void end() {
    if (!problems_.empty()) throw InvalidFile(kMgd2InvalidHeading, std::move(problems_));
  }

 private:
  std::vector<Problem> problems_;
};

/// Names of one kind of descriptor: present, and each once.
class Names {
 public:
  Names(Stage& stage, std::string kind) : stage_(stage), kind_(std::move(kind)) {}

  void check(const Mgd2Place& place, const std::string& name, int index) {
    if (name.empty()) {
      stage_.add(place, kind_ + " descriptor " + std::to_string(index + 1) + " has no name");
    } else if (!seen_.insert(name).second) {
      stage_.add(place.at("name"),
                 kind_ + " descriptor name is not unique" + Owner{kind_, name}.suffix());
    }
  }

 private:
  Stage& stage_;
  std::string kind_;
  std::set<std::string> seen_;
};

void check_channels(Stage& stage, const Mgd2Place& place, const Channels& channels,
                    const std::string& subject, int most, const Owner& owner) {
  if (channels.count() <= 0) {
    stage.add(place.at("channels").at("count"), subject + " must be positive" + owner.suffix());
  } else if (channels.count() > most) {
    stage.add(place.at("channels").at("count"),
              subject + " is " + std::to_string(channels.count()) + ", the limit is " +
                  std::to_string(most) + owner.suffix());
  }
  const bool known =
      channels.policy() == Channels::STRICT || channels.policy() == Channels::RELAXED;
  if (!known) {
    stage.add(place.at("channels").at("policy"),
              "Channel policy must be STRICT or RELAXED" + owner.suffix());
  }
}

void validate_structure(const Mgd2Document& document) {
  Stage stage;
  const auto& descriptor = document.descriptor;
  if (descriptor.mesh_descriptors().empty() && descriptor.switch_descriptors().empty()) {
    stage.add(document.root, "There must be at least one mesh descriptor or switch descriptor");
  }
  if (!descriptor.has_top_level_instance()) {
    stage.add(document.root, "Top level instance is required");
  }
  stage.end();
}

template <typename Descriptor>
void validate_arch(Stage& stage, const Mgd2Place& place, const Descriptor& grid,
                   std::optional<proto::Architecture>& common, const Owner& owner) {
  if (grid.arch() != proto::WORMHOLE_B0 && grid.arch() != proto::BLACKHOLE) {
    stage.add(place.at("arch"),
              owner.kind + " descriptor must have a valid architecture" + owner.suffix());
    return;
  }
  if (!common) common = grid.arch();
  if (grid.arch() != *common) {
    stage.add(place.at("arch"),
              owner.kind == "Mesh"
                  ? "All mesh descriptors must have the same architecture"
                  : "All switch descriptors must have the same architecture as meshes");
  }
  const int most = grid.arch() == proto::WORMHOLE_B0 ? 2 : 3;
  const int dims = grid.device_topology().dims_size();
  if (dims > most) {
    stage.add(place.at("device_topology"),
              "Architecture devices allow a maximum of " + std::to_string(most) +
                  " dimensions, but " + std::to_string(dims) + " were provided" + owner.suffix());
  }
}

void validate_names_and_channels(const Mgd2Document& document) {
  Stage stage;
  const auto& descriptor = document.descriptor;
  std::optional<proto::Architecture> arch;
  Names mesh_names(stage, "Mesh");
  for (int i = 0; i < descriptor.mesh_descriptors_size(); ++i) {
    const auto& mesh = descriptor.mesh_descriptors(i);
    const Mgd2Place place = document.root.at("mesh_descriptors", i);
    const Owner owner{"Mesh", mesh.name()};
    mesh_names.check(place, mesh.name(), i);
    check_channels(stage, place, mesh.channels(), "Channel count", kMaxChannels, owner);
    validate_arch(stage, place, mesh, arch, owner);
  }
  Names switch_names(stage, "Switch");
  for (int i = 0; i < descriptor.switch_descriptors_size(); ++i) {
    const auto& grid = descriptor.switch_descriptors(i);
    const Mgd2Place place = document.root.at("switch_descriptors", i);
    const Owner owner{"Switch", grid.name()};
    switch_names.check(place, grid.name(), i);
    check_channels(stage, place, grid.channels(), "Channel count", kMaxChannels, owner);
    validate_arch(stage, place, grid, arch, owner);
  }
  Names graph_names(stage, "Graph");
  for (int i = 0; i < descriptor.graph_descriptors_size(); ++i) {
    const auto& graph = descriptor.graph_descriptors(i);
    const Mgd2Place place = document.root.at("graph_descriptors", i);
    const Owner owner{"Graph", graph.name()};
    graph_names.check(place, graph.name(), i);
    if (graph.type() == "DEVICE" || graph.type() == "MESH" || graph.type() == "SWITCH") {
      stage.add(place.at("type"),
                "Graph descriptor type cannot be DEVICE, MESH, or SWITCH" + owner.suffix());
    }
    if (graph.has_graph_topology()) {
      check_channels(stage, place.at("graph_topology"), graph.graph_topology().channels(),
                     "Graph topology channel count", kMaxConnectionLinks, owner);
    }
    for (int j = 0; j < graph.connections_size(); ++j) {
      check_channels(stage, place.at("connections", j), graph.connections(j).channels(),
                     "Connection channel count", kMaxConnectionLinks, owner);
    }
  }
  stage.end();
}

/// Number of chips of a grid whose dims were checked.
std::int64_t chips_of(const TorusTopology& topology) {
  std::int64_t chips = 1;
  for (const std::int32_t extent : topology.dims()) chips *= extent;
  return chips;
}

template <typename Descriptor>
bool validate_dims(Stage& stage, const Mgd2Place& place, const Descriptor& grid,
                   const Owner& owner) {
  const TorusTopology& topology = grid.device_topology();
  const Mgd2Place at = place.at("device_topology");
  bool usable = true;
  for (int i = 0; i < topology.dims_size(); ++i) {
    if (topology.dims(i) > 0 && topology.dims(i) <= kMaxExtent) continue;
    stage.add(at.at("dims", i), topology.dims(i) <= 0
                                    ? "Device topology dimensions must be positive" + owner.suffix()
                                    : "Device topology dimension is " +
                                          std::to_string(topology.dims(i)) + ", the limit is " +
                                          std::to_string(kMaxExtent) + owner.suffix());
    usable = false;
  }
  if (topology.dim_types_size() > topology.dims_size()) {
    stage.add(at, "Device topology dimensions and types must be the same size" + owner.suffix());
    usable = false;
  }
  for (int i = 0; i < topology.dim_types_size(); ++i) {
    const auto type = topology.dim_types(i);
    if (type == TorusTopology::LINE || type == TorusTopology::RING) continue;
    stage.add(at.at("dim_types", i),
              "Device topology dimension type must be LINE or RING" + owner.suffix());
    usable = false;
  }
  return usable;
}

void validate_hosts(Stage& stage, const Mgd2Place& place, const proto::MeshDescriptor& mesh,
                    const Owner& owner) {
  const auto& dims = mesh.device_topology().dims();
  const auto& hosts = mesh.host_topology().dims();
  const Mgd2Place at = place.at("host_topology");
  if (dims.size() != hosts.size()) {
    stage.add(at, "Device and host topology dimensions must be the same size" + owner.suffix());
    return;
  }
  for (int i = 0; i < hosts.size(); ++i) {
    if (hosts[i] <= 0) {
      stage.add(at.at("dims", i), "Host topology dimensions must be positive" + owner.suffix());
    } else if (dims[i] % hosts[i] != 0) {
      stage.add(at.at("dims", i),
                "Device topology dimensions must be divisible by host topology dimensions" +
                    owner.suffix());
    }
  }
}

void validate_express_links(Stage& stage, const Mgd2Place& place, const proto::MeshDescriptor& mesh,
                            const Owner& owner) {
  const TorusTopology& topology = mesh.device_topology();
  for (int i = 0; i < mesh.express_links_size(); ++i) {
    const proto::ExpressLink& link = mesh.express_links(i);
    const Mgd2Place at = place.at("express_links", i);
    if (link.dim_idx() < 0 || link.dim_idx() >= topology.dims_size()) {
      stage.add(at.at("dim_idx"), "Express link dim_idx " + std::to_string(link.dim_idx()) +
                                      " is out of bounds" + owner.suffix());
      continue;
    }
    const int extent = topology.dims(link.dim_idx());
    if (link.pattern().start() < 0 || link.pattern().start() >= extent) {
      stage.add(at.at("pattern").at("start"), "Express link start " +
                                                  std::to_string(link.pattern().start()) +
                                                  " is out of bounds" + owner.suffix());
    }
    if (link.pattern().step() < 2 || link.pattern().step() > extent) {
      stage.add(at.at("pattern").at("step"),
                "Express link step must be from 2 to the dimension's extent, found " +
                    std::to_string(link.pattern().step()) + owner.suffix());
    }
    if (!TorusTopology::Type_IsValid(link.wrap())) {
      stage.add(at.at("wrap"), "Express link wrap must be LINE or RING" + owner.suffix());
    }
  }
}

template <typename Descriptor>
void validate_express_connections(Stage& stage, const Mgd2Place& place, const Descriptor& grid,
                                  const Owner& owner) {
  const std::int64_t chips = chips_of(grid.device_topology());
  for (int i = 0; i < grid.express_connections_size(); ++i) {
    const proto::ExpressConnection& chord = grid.express_connections(i);
    const Mgd2Place at = place.at("express_connections", i);
    if (chord.src() < 0 || chord.src() >= chips) {
      stage.add(at.at("src"), "Express connection source is out of bounds" + owner.suffix());
    }
    if (chord.dst() < 0 || chord.dst() >= chips) {
      stage.add(at.at("dst"), "Express connection destination is out of bounds" + owner.suffix());
    }
  }
}

void validate_topologies(const Mgd2Document& document) {
  Stage stage;
  const auto& descriptor = document.descriptor;
  for (int i = 0; i < descriptor.mesh_descriptors_size(); ++i) {
    const auto& mesh = descriptor.mesh_descriptors(i);
    const Mgd2Place place = document.root.at("mesh_descriptors", i);
    const Owner owner{"Mesh", mesh.name()};
    const bool usable = validate_dims(stage, place, mesh, owner);
    validate_hosts(stage, place, mesh, owner);
    if (!usable) continue;
    validate_express_connections(stage, place, mesh, owner);
    validate_express_links(stage, place, mesh, owner);
  }
  for (int i = 0; i < descriptor.switch_descriptors_size(); ++i) {
    const auto& grid = descriptor.switch_descriptors(i);
    const Mgd2Place place = document.root.at("switch_descriptors", i);
    const Owner owner{"Switch", grid.name()};
    if (validate_dims(stage, place, grid, owner)) {
      validate_express_connections(stage, place, grid, owner);
    }
  }
  for (int i = 0; i < descriptor.graph_descriptors_size(); ++i) {
    const auto& graph = descriptor.graph_descriptors(i);
    const Mgd2Place place = document.root.at("graph_descriptors", i);
    const Owner owner{"Graph", graph.name()};
    if (graph.instances().empty()) {
      stage.add(place, "Graph descriptor must have at least one instance" + owner.suffix());
    }
    if (graph.type().empty()) {
      stage.add(place, "Graph descriptor must have a type specified" + owner.suffix());
    }
    for (int j = 0; j < graph.connections_size(); ++j) {
      if (graph.connections(j).nodes_size() >= 2) continue;
      stage.add(place.at("connections", j),
                "Connection must have at least two nodes" + owner.suffix());
    }
  }
  for (Problem& problem : mgd2_pinning_problems(document)) stage.add(std::move(problem));
  stage.end();
}

}  // namespace

void apply_mgd2_defaults(proto::MeshGraphDescriptor& descriptor) {
  const auto pad = [](TorusTopology* topology) {
    while (topology->dim_types_size() < topology->dims_size()) {
      topology->add_dim_types(TorusTopology::LINE);
    }
  };
  for (auto& mesh : *descriptor.mutable_mesh_descriptors()) {
    default_policy(mesh.mutable_channels(), Channels::RELAXED);
    pad(mesh.mutable_device_topology());
  }
  for (auto& grid : *descriptor.mutable_switch_descriptors()) {
    default_policy(grid.mutable_channels(), Channels::STRICT);
    pad(grid.mutable_device_topology());
  }
  for (auto& graph : *descriptor.mutable_graph_descriptors()) {
    if (graph.has_graph_topology()) {
      default_policy(graph.mutable_graph_topology()->mutable_channels(), Channels::STRICT);
    }
    for (auto& connection : *graph.mutable_connections()) {
      default_policy(connection.mutable_channels(), Channels::STRICT);
    }
  }
}

void validate_mgd2(const Mgd2Document& document) {
  validate_structure(document);
  validate_names_and_channels(document);
  validate_topologies(document);
}

}  // namespace ttmesh::mesh
