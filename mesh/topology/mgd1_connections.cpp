#include "mesh/topology/mgd1_connections.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "mesh/topology/input_file.hpp"

namespace ttmesh::mesh {
namespace {

/// The number after `prefix`, as in "M12" or "E3".
std::optional<int> number_after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(prefix.size())) {
    if (c < '0' || c > '9' || number > kMaxChips) return std::nullopt;
    number = 10 * number + (c - '0');
  }
  return number;
}

class ConnectionReader {
 public:
  ConnectionReader(YamlReader& reader, const YamlValue& root, const Mgd1Meshes& meshes)
      : reader_(reader), root_(root), meshes_(meshes.meshes), ports_(meshes.ports) {
    for (std::size_t i = 0; i < meshes_.size(); ++i) positions_[meshes_[i].id] = i;
  }

  std::vector<MeshConnection> read() {
    read_connections();
    return std::move(connections_);
  }

 private:
  void read_connections() {
    const YamlValue* relaxed = root_.find("RelaxedGraph");
    const YamlValue* strict = root_.find("Graph");
    const YamlValue* list = relaxed != nullptr ? relaxed : strict;
    const auto is_used = [](const YamlValue* graph) {
      return graph != nullptr && !graph->items.empty();
    };
    if (is_used(relaxed) && is_used(strict)) {
      reader_.report(*strict, "Graph",
                     "Mesh Graph Descriptor cannot specify both RelaxedGraph and Graph "
                     "connections.");
      return;
    }
    if (is_used(strict)) list = strict;
    if (list == nullptr || list->kind != YamlValue::Kind::Sequence) {
      reader_.report(list != nullptr ? *list : root_, list == strict ? "Graph" : "RelaxedGraph",
                     "MeshGraph: Expecting yaml to define RelaxedGraph or Graph as a Sequence");
      return;
    }
    const char* name = list == strict ? "Graph" : "RelaxedGraph";
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      read_connection(list->items[i], field_path(name, i), list == strict);
      if (links_ > kMaxInterMeshLinks) {
        reader_.report(list->items[i], field_path(name, i),
                       "brings the file to more than " + std::to_string(kMaxInterMeshLinks) +
                           " links between meshes, the limit");
        return;
      }
    }
  }

  void read_connection(const YamlValue& value, const std::string& field, bool strict) {
    const std::size_t size = value.kind == YamlValue::Kind::Sequence ? value.items.size() : 0;
    if (size == 2 && strict) {
      read_port_connection(value, field);
      return;
    }
    if (size != 3) {
      reader_.report(value, field,
                     strict ? "MeshGraph: Expecting 2 elements in each Graph connection of ports, "
                              "or 3 of chips"
                            : "MeshGraph: Expecting 3 elements in each RelaxedGraph connection");
      return;
    }
    const auto a = read_end(value.items[0], field, strict);
    const auto b = read_end(value.items[1], field, strict);
    const auto links = reader_.integer(value.items[2], field, {1, kMaxConnectionLinks});
    if (!a || !b || !links) return;
    join(value, field, {*a, *b, *links, strict ? ChannelPolicy::Strict : ChannelPolicy::Relaxed});
  }

  /// "M0", or [M0, D3].
  std::optional<MeshConnection::End> read_end(const YamlValue& value, const std::string& field,
                                              bool strict) {
    const bool pair = value.kind == YamlValue::Kind::Sequence && value.items.size() == 2;
    if (strict != pair) {
      reader_.report(value, field,
                     std::string("must be ") + (strict ? "[M0, D0]" : "M0") + ", found " +
                         value.description());
      return std::nullopt;
    }
    const YamlValue& mesh_name = strict ? value.items[0] : value;
    const auto mesh = find_mesh(mesh_name, number_after(mesh_name.text, "M"), field);
    if (!mesh) return std::nullopt;
    if (!strict) return MeshConnection::End{*mesh, std::nullopt};
    const auto chip = number_after(value.items[1].text, "D");
    const int chips = meshes_[*mesh].shape.size();
    if (!chip || *chip >= chips) {
      reader_.report(value.items[1], field,
                     "must be D0 to D" + std::to_string(chips - 1) + ", found " +
                         value.items[1].description());
      return std::nullopt;
    }
    return MeshConnection::End{*mesh, *chip};
  }

  std::optional<std::size_t> find_mesh(const YamlValue& at, std::optional<int> id,
                                       const std::string& field) {
    const auto found = id ? positions_.find(*id) : positions_.end();
    if (found != positions_.end()) return found->second;
    reader_.report(at, field, "no mesh is called " + at.description());
    return std::nullopt;
  }

  /// [[0, "E3"], [1, "W3"]]: one direction of a link. The other is usually listed too.
  void read_port_connection(const YamlValue& value, const std::string& field) {
    std::array<std::optional<MeshConnection::End>, 2> ends;
    std::array<std::pair<std::size_t, std::string>, 2> ports;
    for (std::size_t i = 0; i < 2; ++i) {
      const YamlValue& end = value.items[i];
      if (end.kind != YamlValue::Kind::Sequence || end.items.size() != 2) {
        reader_.report(end, field, "must be [mesh, port], found " + end.description());
        return;
      }
      const auto id = number_after(end.items[0].text, "");
      const auto mesh = find_mesh(end.items[0], id, field);
      if (!mesh) return;
      ends[i] = chip_of_port(end.items[1], field, *mesh);
      ports[i] = {*mesh, end.items[1].text};
    }
    if (!ends[0] || !ends[1]) return;
    if (ports[1] < ports[0]) std::swap(ports[0], ports[1]);
    if (!port_links_.insert(ports).second) return;
    join(value, field, {*ends[0], *ends[1], 1});
  }

  /// Ports are numbered along their side, `ports_` a chip: N and S from the west, E and W from
  /// the north.
  std::optional<MeshConnection::End> chip_of_port(const YamlValue& port, const std::string& field,
                                                  std::size_t mesh) {
    const MeshShape shape = meshes_[mesh].shape;
    const char side = port.text.empty() ? '?' : port.text[0];
    const auto number = number_after(port.text, std::string(1, side));
    const int length = side == 'N' || side == 'S'   ? shape.cols
                       : side == 'E' || side == 'W' ? shape.rows
                                                    : 0;
    if (!number || *number >= std::int64_t{length} * ports_) {
      reader_.report(
          port, field,
          "must be a port N, E, S or W of the mesh with its number, found " + port.description());
      return std::nullopt;
    }
    const int at = *number / ports_;
    const Coordinate chip = side == 'N'   ? Coordinate{0, at}
                            : side == 'S' ? Coordinate{shape.rows - 1, at}
                            : side == 'E' ? Coordinate{at, shape.cols - 1}
                                          : Coordinate{at, 0};
    return MeshConnection::End{mesh, chip.row * shape.cols + chip.col};
  }

  void join(const YamlValue& at, const std::string& field, const MeshConnection& connection) {
    if (connection.a.mesh == connection.b.mesh) {
      reader_.report(at, field, "joins a mesh to itself");
      return;
    }
    links_ += connection.links;
    connections_.push_back(connection);
  }

  YamlReader& reader_;
  const YamlValue& root_;
  const std::vector<MeshDescription>& meshes_;
  int ports_;
  std::int64_t links_ = 0;
  std::map<int, std::size_t> positions_;  ///< Of meshes, by id.
  std::set<std::array<std::pair<std::size_t, std::string>, 2>> port_links_;
  std::vector<MeshConnection> connections_;
};

}  // namespace

std::vector<MeshConnection> read_mgd1_connections(YamlReader& reader, const YamlValue& document,
                                                  const Mgd1Meshes& meshes) {
  return ConnectionReader(reader, document, meshes).read();
}

}  // namespace ttmesh::mesh
