#pragma once

#include <filesystem>
#include <string>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::modules {

/// The tensor in a weight file on the chips, each its part, which its host reads from the file:
/// only the file's name and digest travel. `spec` is what the file was written with.
///
/// Placement: that of `spec`. Replicas are read once on each host.
/// Cost:      that of mesh::from_host, whose place it takes.
/// Throws:    mesh::InvalidFile if this process finds the file missing or damaged at its beginning.
///            A host that finds its part damaged or another file there fails its chips: mesh::Error
///            (BadFile) when values are read. In timing-only mode there need be no file.
/// Source:    this project; ttnn.load_tensor is the closest relative.
[[nodiscard]] mesh::Tensor load_weight(mesh::MeshDevice device, const mesh::TensorSpec& spec,
                                       const std::filesystem::path& path);

[[nodiscard]] mesh::OpDefinition load_weight_definition();

}  // namespace ttmesh::modules
