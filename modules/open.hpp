#pragma once

#include <memory>
#include <string>

#include "mesh/device/mesh_device.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::modules {

/// Every op and collective of this project.
[[nodiscard]] std::shared_ptr<const mesh::OpTable> op_table();

/// Starts the machine that `topology` names, a file or `SYSTEM[:ROWSxCOLS[:line|ring]]`, with every
/// op and collective.
///
/// Throws mesh::InvalidFile if the file cannot be used, and std::invalid_argument if the system or
/// the mesh id is unknown, or a setting matches nothing.
[[nodiscard]] mesh::MeshDevice open(const std::string& topology, mesh::OpenOptions options = {});

/// The same for a topology that is loaded already.
[[nodiscard]] mesh::MeshDevice open(mesh::Topology topology, mesh::OpenOptions options = {});

}  // namespace ttmesh::modules
