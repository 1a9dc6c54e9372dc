#include "mesh/topology/ttmesh_yaml.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/inter_mesh.hpp"
#include "mesh/topology/ttmesh_yaml_connections.hpp"
#include "mesh/topology/ttmesh_yaml_links.hpp"
#include "mesh/topology/yaml_reader.hpp"
#include "sim/quantity.hpp"
#include "sim/system.hpp"

namespace ttmesh::mesh {
namespace {

constexpr IntRange kExtent{1, 4096};

/// Reads one file: meshes first, since connections refer to them.
class Document {
 public:
  Document(const InputFile& file, const YamlValue& root) : reader_(file.path), root_(root) {}

  ParsedTopology parse() {
    reader_.expect_keys(root_, "",
                        {"ttmesh", "name", "system", "usable_links", "link", "unplaced_links",
                         "one_host", "host_ranks", "mesh", "meshes", "connections"});
    read_head();
    read_one_host();
    read_link();
    read_meshes();
    read_host_ranks();
    std::vector<MeshConnection> connections =
        read_ttmesh_connections(reader_, root_, topology_.meshes);
    check_usable_links();
    reader_.finish();

    std::vector<Edge> edges = inter_mesh_edges(topology_.meshes, connections);
    for (const MeshDescription& mesh : topology_.meshes) {
      std::vector<Edge> grid = neighbour_edges(mesh);
      links_.apply_uneven(grid);
      edges.insert(edges.end(), grid.begin(), grid.end());
    }
    links_.report_strangers();
    reader_.finish();
    edges.insert(edges.end(), links_.edges().begin(), links_.edges().end());
    topology_.set_edges(std::move(edges));
    for (MeshConnection& connection : connections) {
      const bool strict = topology_.meshes[connection.a.mesh].policy == ChannelPolicy::Strict &&
                          topology_.meshes[connection.b.mesh].policy == ChannelPolicy::Strict;
      connection.policy = strict ? ChannelPolicy::Strict : ChannelPolicy::Relaxed;
    }
    ParsedTopology parsed{std::move(topology_), {}};
    parsed.request.connections = std::move(connections);
    return parsed;
  }

 private:
  void read_head() {
    topology_.format = "ttmesh";
    topology_.usable_links = 0;
    if (const YamlValue* version = reader_.required(root_, "", "ttmesh")) {
      reader_.integer(*version, "ttmesh", {1, 1});
    }
    if (const YamlValue* name = root_.find("name")) reader_.word(*name, "name");
    if (const YamlValue* name = reader_.required(root_, "", "system")) {
      if (const auto word = reader_.word(*name, "system")) read_system(*name, *word);
    }
    if (const YamlValue* links = root_.find("usable_links")) {
      topology_.usable_links =
          reader_.integer(*links, "usable_links", {1, kMaxChannels}).value_or(0);
    }
    if (const YamlValue* links = root_.find("unplaced_links")) {
      topology_.unplaced_links =
          reader_.integer(*links, "unplaced_links", {0, kMaxInterMeshLinks}).value_or(0);
    }
  }

  void read_one_host() {
    const YamlValue* one = root_.find("one_host");
    if (one != nullptr) topology_.one_host = reader_.boolean(*one, "one_host").value_or(false);
  }

  void read_host_ranks() {
    const YamlValue* ranks = root_.find("host_ranks");
    if (ranks == nullptr || too_large_ || !reader_.expect_sequence(*ranks, "host_ranks")) return;
    const auto hosts = static_cast<std::size_t>(topology_.host_count());
    std::set<int> different;
    for (std::size_t i = 0; i < ranks->items.size() && i < hosts; ++i) {
      const IntRange range{0, static_cast<int>(hosts) - 1};
      const std::string field = field_path("host_ranks", i);
      topology_.host_ranks.push_back(reader_.integer(ranks->items[i], field, range).value_or(0));
      different.insert(topology_.host_ranks.back());
    }
    if (different.size() == hosts && ranks->items.size() == hosts) return;
    reader_.report(*ranks, "host_ranks",
                   "must list the ranks 0 to " + std::to_string(hosts) + " - 1, each once");
  }

  void read_system(const YamlValue& at, const std::string& word) {
    try {
      system_ = &sim::find_system(word);
      topology_.system = system_->name;
      topology_.arch = system_->chip.arch;
    } catch (const std::invalid_argument& error) {
      reader_.report(at, "system", error.what());
    }
  }

  void read_link() {
    const YamlValue* link = root_.find("link");
    if (link == nullptr || !reader_.expect_map(*link, "link")) return;
    reader_.expect_keys(*link, "link", {"bandwidth", "latency"});
    if (const YamlValue* bandwidth = link->find("bandwidth")) {
      topology_.link.bandwidth_bytes_per_s = sim::parse_rate(bandwidth->text);
      if (topology_.link.bandwidth_bytes_per_s.value_or(0) <= 0) {
        reader_.report(*bandwidth, "link.bandwidth",
                       "must be a positive rate such as 12.5GB/s or 100Gb/s, found " +
                           bandwidth->description());
      }
    }
    if (const YamlValue* latency = link->find("latency")) {
      topology_.link.latency = sim::parse_time(latency->text);
      if (!topology_.link.latency) {
        reader_.report(*latency, "link.latency",
                       "must be a time such as 700ns or 1.2us, found " + latency->description());
      }
    }
  }

  void read_meshes() {
    const YamlValue* one = root_.find("mesh");
    const YamlValue* several = root_.find("meshes");
    if ((one != nullptr) == (several != nullptr)) {
      reader_.report(root_, "", "exactly one of the keys mesh and meshes is needed");
      return;
    }
    if (one != nullptr) {
      read_mesh(*one, "mesh");
    } else if (reader_.expect_sequence(*several, "meshes")) {
      if (several->items.empty()) reader_.report(*several, "meshes", "is empty");
      for (std::size_t i = 0; i < several->items.size() && !too_large_; ++i) {
        read_mesh(several->items[i], field_path("meshes", i));
      }
    }
  }

  void read_mesh(const YamlValue& value, const std::string& field) {
    MeshDescription mesh;
    mesh.id = static_cast<int>(topology_.meshes.size());
    mesh.name = "M" + std::to_string(mesh.id);
    mesh.first_chip = topology_.chip_count();
    mesh.channels = system_ != nullptr ? system_->channels : 1;
    if (reader_.expect_map(value, field)) {
      reader_.expect_keys(value, field,
                          {"id", "name", "shape", "chips", "dim_types", "channels", "host_shape",
                           "policy", "switch", "express", "links"});
      if (const YamlValue* id = value.find("id")) {
        reader_.integer(*id, field_path(field, "id"), {mesh.id, mesh.id});
      }
      if (const YamlValue* name = value.find("name")) {
        mesh.name = reader_.word(*name, field_path(field, "name")).value_or(mesh.name);
      }
      read_shape(value, field, mesh);
      read_wiring(value, field, mesh);
      links_.read(value, field, mesh);
    }
    topology_.meshes.push_back(std::move(mesh));
  }

  void read_shape(const YamlValue& value, const std::string& field, MeshDescription& mesh) {
    const YamlValue* chips = value.find("chips");
    if (chips != nullptr) {
      mesh.is_grid = false;
      mesh.channels = 0;
      mesh.shape.cols =
          reader_.integer(*chips, field_path(field, "chips"), {1, kMaxChips}).value_or(1);
      for (const char* key : {"shape", "dim_types", "channels", "host_shape", "express"}) {
        if (const YamlValue* other = value.find(key)) {
          reader_.report(*other, field_path(field, key), "has no meaning beside chips");
        }
      }
    } else if (const YamlValue* shape = reader_.required(value, field, "shape")) {
      if (const auto extents = reader_.integer_pair(*shape, field_path(field, "shape"), kExtent)) {
        mesh.shape = {extents->first, extents->second};
      }
    }
    if (std::int64_t{mesh.first_chip} + mesh.shape.size() > kMaxChips) {
      reader_.report(
          value, field,
          "brings the file to more than " + std::to_string(kMaxChips) + " chips, the limit");
      mesh.shape = {1, 1};
      too_large_ = true;
    }
  }

  void read_wiring(const YamlValue& value, const std::string& field, MeshDescription& mesh) {
    if (const YamlValue* types = value.find("dim_types")) read_dim_types(*types, field, mesh);
    if (const YamlValue* channels = value.find("channels")) {
      mesh.channels = reader_.integer(*channels, field_path(field, "channels"), {0, kMaxChannels})
                          .value_or(mesh.channels);
    }
    if (mesh.is_grid && mesh.shape.size() > 1 && mesh.channels == 0) {
      reader_.report(value, field_path(field, "channels"),
                     "must be 1 or more for a mesh of several chips" +
                         std::string(value.find("channels") ? "" : "; the system has no links"));
    }
    if (const YamlValue* policy = value.find("policy")) {
      if (policy->text == "strict") {
        mesh.policy = ChannelPolicy::Strict;
      } else if (policy->text != "relaxed") {
        reader_.report(*policy, field_path(field, "policy"),
                       "must be strict or relaxed, found " + policy->description());
      }
    }
    if (const YamlValue* is_switch = value.find("switch")) {
      mesh.is_switch = reader_.boolean(*is_switch, field_path(field, "switch")).value_or(false);
    }
    if (const YamlValue* hosts = value.find("host_shape")) {
      const std::string path = field_path(field, "host_shape");
      const auto shape = reader_.integer_pair(*hosts, path, kExtent);
      if (!shape) return;
      mesh.host_shape = {shape->first, shape->second};
      const bool divides = mesh.shape.rows % mesh.host_shape.rows == 0 &&
                           mesh.shape.cols % mesh.host_shape.cols == 0;
      if (divides) return;
      reader_.report(*hosts, path,
                     to_string(mesh.host_shape) + " hosts cannot share a mesh of " +
                         to_string(mesh.shape) + " chips equally");
      mesh.host_shape = {1, 1};
    }
  }

  void read_dim_types(const YamlValue& types, const std::string& field, MeshDescription& mesh) {
    const std::string path = field_path(field, "dim_types");
    if (types.kind != YamlValue::Kind::Sequence || types.items.size() != 2) {
      reader_.report(types, path,
                     "must be a list of 2 of line and ring, found " + types.description());
      return;
    }
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const YamlValue& type = types.items[axis];
      if (type.text == "ring") {
        mesh.dim_types[axis] = DimType::Ring;
      } else if (type.text != "line") {
        reader_.report(type, field_path(path, axis),
                       "must be line or ring, found " + type.description());
      }
    }
  }

  void check_usable_links() {
    int channels = 0;
    for (const MeshDescription& mesh : topology_.meshes) {
      channels = std::max(channels, mesh.is_grid ? mesh.channels : kMaxChannels);
    }
    if (topology_.usable_links <= std::max(channels, 1)) return;
    reader_.report(*root_.find("usable_links"), "usable_links",
                   "is " + std::to_string(topology_.usable_links) + ", more than the " +
                       std::to_string(channels) + " channels between neighbours");
  }

  YamlReader reader_;
  const YamlValue& root_;
  const sim::System* system_ = nullptr;
  Topology topology_;
  TtmeshLinks links_{reader_};
  bool too_large_ = false;
};

}  // namespace

ParsedTopology parse_ttmesh_yaml(const InputFile& file, const YamlValue& document) {
  return Document(file, document).parse();
}

}  // namespace ttmesh::mesh
