#pragma once

#include <optional>

#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"

namespace ttmesh::modules {

/// How collectives use the lines along `cluster_axis` unless a config says otherwise: Ring on the
/// 8 chips of a T3K and the 4 of a P150x4 where the line is closed, Linear everywhere else. No axis
/// means the line of a mesh with one row or one column.
/// Source: TTTv2's tt_ccl, which does not look at the wiring.
[[nodiscard]] ccl::Topology default_topology(const mesh::MeshDevice& device,
                                             std::optional<int> cluster_axis);

/// `wanted`, or fewer if the system's collectives use fewer or some two neighbours of the device
/// have fewer; at least 1.
[[nodiscard]] int available_links(const mesh::MeshDevice& device, int wanted);

}  // namespace ttmesh::modules
