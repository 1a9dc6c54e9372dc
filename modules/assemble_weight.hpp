#pragma once

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/weight_assembly.hpp"

namespace ttmesh::modules {

/// The assembly on the chips, rounded to the dtype of `spec`, whose shape is that on one chip;
/// zeros beyond the assembly's own extents. Values come from the files on the host of each chip and
/// do not pass through the controller.
///
/// Placement: that of `spec`. Each chip reads its own part; replicas are read once.
/// Cost:      none: it stands for weights that are there already.
/// Throws:    std::invalid_argument if the dtype is an integer, `spec` owes a sum, or the assembly
///            is inconsistent or exceeds the global shape, and mesh::InvalidFile if this process
///            cannot read a file. A host that cannot, or that finds another file there, fails its
///            chips: mesh::Error (BadFile) when values are read.
/// Source:    this project; ttnn.as_tensor is the closest relative.
[[nodiscard]] mesh::Tensor assemble_weight(mesh::MeshDevice device, const mesh::TensorSpec& spec,
                                           const WeightAssembly& assembly);

[[nodiscard]] mesh::OpDefinition assemble_weight_definition();

}  // namespace ttmesh::modules
