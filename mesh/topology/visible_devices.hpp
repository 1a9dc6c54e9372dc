#pragma once

#include <optional>
#include <string>

#include "mesh/topology/cluster_description.hpp"

namespace ttmesh::mesh {

/// Environment variable that limits a host to some of its chips, as tt-umd reads it.
inline constexpr const char* kVisibleDevicesVariable = "TT_VISIBLE_DEVICES";

/// Its value, or nothing if it is unset or empty.
[[nodiscard]] std::optional<std::string> visible_devices_from_environment();

/// Keeps the chips that `devices` names and the links among them.
///
/// `devices` is a list, separated by commas, of chip ids or of parts of PCI addresses ("01:00.0").
/// Chips of the same board that it does not name are dropped too. The chips are numbered anew from
/// 0, in the order of their ids; links to dropped chips leave the host, as in tt-umd.
/// Throws mesh::InvalidFile, naming everything on the list that is no chip of the host.
[[nodiscard]] ClusterDescription keep_visible(const ClusterDescription& cluster,
                                              const std::string& devices);

}  // namespace ttmesh::mesh
