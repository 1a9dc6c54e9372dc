#include "mesh/topology/ttmesh_yaml_connections.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "mesh/topology/input_file.hpp"

namespace ttmesh::mesh {
namespace {

class ConnectionReader {
 public:
  ConnectionReader(YamlReader& reader, const YamlValue& root,
                   const std::vector<MeshDescription>& meshes)
      : reader_(reader), root_(root), meshes_(meshes) {}

  std::vector<MeshConnection> read() {
    read_connections();
    return std::move(connections_);
  }

 private:
  void read_connections() {
    const YamlValue* list = root_.find("connections");
    if (list == nullptr || !reader_.expect_sequence(*list, "connections")) return;
    std::int64_t total = 0;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const YamlValue& entry = list->items[i];
      const std::string field = field_path("connections", i);
      if (!reader_.expect_map(entry, field)) continue;
      read_connection(entry, field);
      if (!connections_.empty()) total += connections_.back().links;
      if (total > kMaxInterMeshLinks) {
        reader_.report(entry, field,
                       "brings the file to more than " + std::to_string(kMaxInterMeshLinks) +
                           " links between meshes, the limit");
        return;
      }
    }
  }

  void read_connection(const YamlValue& entry, const std::string& field) {
    reader_.expect_keys(entry, field, {"meshes", "chips", "links"});
    const YamlValue* meshes = entry.find("meshes");
    const YamlValue* chips = entry.find("chips");
    const YamlValue* links = reader_.required(entry, field, "links");
    std::optional<int> count;
    if (links != nullptr) {
      count = reader_.integer(*links, field_path(field, "links"), {1, kMaxConnectionLinks});
    }
    if ((meshes != nullptr) == (chips != nullptr)) {
      reader_.report(entry, field, "exactly one of the keys meshes and chips is needed");
      return;
    }
    std::optional<MeshConnection::End> a;
    std::optional<MeshConnection::End> b;
    if (meshes != nullptr) {
      const IntRange ids{0, static_cast<std::int64_t>(meshes_.size()) - 1};
      const auto pair = reader_.integer_pair(*meshes, field_path(field, "meshes"), ids);
      if (!pair) return;
      a = MeshConnection::End{static_cast<std::size_t>(pair->first), std::nullopt};
      b = MeshConnection::End{static_cast<std::size_t>(pair->second), std::nullopt};
    } else {
      const std::string path = field_path(field, "chips");
      if (chips->kind != YamlValue::Kind::Sequence || chips->items.size() != 2) {
        reader_.report(*chips, path,
                       "must be [[mesh, chip], [mesh, chip]], found " + chips->description());
        return;
      }
      a = read_chip(chips->items[0], field_path(path, std::size_t{0}));
      b = read_chip(chips->items[1], field_path(path, std::size_t{1}));
    }
    if (!a || !b || !count) return;
    if (a->mesh == b->mesh) {
      reader_.report(entry, field, "joins mesh " + std::to_string(a->mesh) + " to itself");
      return;
    }
    connections_.push_back({*a, *b, *count});
  }

  std::optional<MeshConnection::End> read_chip(const YamlValue& value, const std::string& path) {
    const auto pair = reader_.integer_pair(value, path, {});
    if (!pair) return std::nullopt;
    const auto mesh = static_cast<std::size_t>(pair->first);
    if (mesh >= meshes_.size()) {
      reader_.report(value, path, "there is no mesh " + std::to_string(mesh));
      return std::nullopt;
    }
    if (pair->second >= meshes_[mesh].shape.size()) {
      reader_.report(value, path,
                     "mesh " + std::to_string(mesh) + " of shape " +
                         to_string(meshes_[mesh].shape) + " has no chip " +
                         std::to_string(pair->second));
      return std::nullopt;
    }
    return MeshConnection::End{mesh, pair->second};
  }

  YamlReader& reader_;
  const YamlValue& root_;
  const std::vector<MeshDescription>& meshes_;
  std::vector<MeshConnection> connections_;
};

}  // namespace

std::vector<MeshConnection> read_ttmesh_connections(YamlReader& reader, const YamlValue& document,
                                                    const std::vector<MeshDescription>& meshes) {
  return ConnectionReader(reader, document, meshes).read();
}

}  // namespace ttmesh::mesh
