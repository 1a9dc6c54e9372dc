#pragma once

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// A tensor of one value, rounded to the dtype of `spec`; its shape is that on one chip.
///
/// Placement: that of `spec`.
/// Cost:      writes it once.
/// Throws:    std::invalid_argument if an integer dtype cannot hold `value`.
/// Source:    ttnn.full, ttnn.zeros.
[[nodiscard]] mesh::Tensor full(mesh::MeshDevice device, const mesh::TensorSpec& spec,
                                double value);
[[nodiscard]] mesh::Tensor zeros(mesh::MeshDevice device, const mesh::TensorSpec& spec);

[[nodiscard]] mesh::OpDefinition full_definition();

}  // namespace ttmesh::ops
