#include "mesh/topology/ttmesh_yaml_links.hpp"

#include <algorithm>

namespace ttmesh::mesh {
namespace {

constexpr IntRange kLinks{1, kMaxChannels};

void each_of(YamlReader& reader, const YamlValue& value, const std::string& field, const char* key,
             const auto& read) {
  const YamlValue* list = value.find(key);
  const std::string path = field_path(field, key);
  if (list == nullptr || !reader.expect_sequence(*list, path)) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    read(list->items[i], field_path(path, i));
  }
}

}  // namespace

void TtmeshLinks::read(const YamlValue& value, const std::string& field,
                       const MeshDescription& mesh) {
  each_of(reader_, value, field, "links",
          [&](const YamlValue& entry, const std::string& path) { read_link(entry, path, mesh); });
  if (!mesh.is_grid) return;
  each_of(reader_, value, field, "express",
          [&](const YamlValue& entry, const std::string& path) { read_chord(entry, path, mesh); });
}

void TtmeshLinks::apply_uneven(std::vector<Edge>& grid) {
  for (Edge& edge : grid) {
    const auto found = uneven_.find({edge.a, edge.b});
    if (found == uneven_.end()) continue;
    edge.channels = found->second.edge.channels;
    uneven_.erase(found);
  }
}

void TtmeshLinks::report_strangers() {
  for (const auto& [chips, uneven] : uneven_) {
    reader_.report(*uneven.at, uneven.field, "these chips are no neighbours; use express");
  }
}

void TtmeshLinks::read_link(const YamlValue& entry, const std::string& path,
                            const MeshDescription& mesh) {
  const std::optional<Edge> edge = read_edge(entry, path, mesh, 3);
  if (!edge) return;
  if (!mesh.is_grid) {
    edges_.push_back(*edge);
  } else if (!uneven_.emplace(std::pair(edge->a, edge->b), Uneven{&entry, path, *edge}).second) {
    reader_.report(entry, path, "these chips are listed already");
  }
}

void TtmeshLinks::read_chord(const YamlValue& entry, const std::string& path,
                             const MeshDescription& mesh) {
  std::optional<Edge> edge = read_edge(entry, path, mesh, 2);
  if (!edge) return;
  edge->kind = Edge::Kind::Express;
  edge->axis = mesh.coordinate(edge->a).col == mesh.coordinate(edge->b).col ? 0 : 1;
  edges_.push_back(*edge);
}

/// [chip, chip, links], or [chip, chip] with the mesh's links if `least` elements are 2.
std::optional<Edge> TtmeshLinks::read_edge(const YamlValue& entry, const std::string& path,
                                           const MeshDescription& mesh, std::size_t least) {
  const std::size_t size = entry.kind == YamlValue::Kind::Sequence ? entry.items.size() : 0;
  if (size < least || size > 3) {
    reader_.report(entry, path,
                   std::string("must be [chip, chip, links]") +
                       (least == 2 ? " or [chip, chip]" : "") + ", found " + entry.description());
    return std::nullopt;
  }
  const IntRange chips{0, mesh.shape.size() - 1};
  const auto a = reader_.integer(entry.items[0], path, chips);
  const auto b = reader_.integer(entry.items[1], path, chips);
  const auto links = size == 2 ? mesh.channels : reader_.integer(entry.items[2], path, kLinks);
  if (!a || !b || !links) return std::nullopt;
  if (*a == *b) {
    reader_.report(entry, path, "joins chip " + std::to_string(*a) + " to itself");
    return std::nullopt;
  }
  return Edge{mesh.first_chip + std::min(*a, *b), mesh.first_chip + std::max(*a, *b), *links};
}

}  // namespace ttmesh::mesh
