#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// The tensor in another memory of its chip; the tensor itself if it is there already.
///
/// Placement: unchanged.
/// Cost:      reads it once and writes it once.
/// Source:    ttnn.to_memory_config.
[[nodiscard]] mesh::Tensor to_memory_config(const mesh::Tensor& input,
                                            const mesh::MemoryConfig& memory);

[[nodiscard]] mesh::OpDefinition to_memory_config_definition();

}  // namespace ttmesh::ops
