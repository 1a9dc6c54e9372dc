#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mesh/topology/cluster_description.hpp"
#include "mesh/topology/yaml_reader.hpp"

namespace ttmesh::mesh {

/// A cluster descriptor that is being read: what its parts share. Mistakes are left with `yaml`.
struct ClusterReader {
  YamlReader yaml;
  const YamlValue& root;
  ClusterDescription description{};

  void warn(const YamlValue& at, const std::string& field, const std::string& what);
  /// The chip that a key or value names; reports one that `arch` does not list.
  std::optional<int> chip(const YamlValue& value, const std::string& field);
  /// The value under a key of the document, null if it is absent or empty.
  const YamlValue* find(std::string_view key) const;
};

/// Reads `ethernet_connections` and `ethernet_connections_to_remote_devices`.
void read_cluster_links(ClusterReader& reader);

/// Reads `boards`.
void read_cluster_boards(ClusterReader& reader);

}  // namespace ttmesh::mesh
