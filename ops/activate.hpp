#pragma once

#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/activation.hpp"

namespace ttmesh::ops {

struct ActivateOptions {
  std::optional<mesh::DataType> dtype{};       ///< That of the input if unset.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// An activation of every value, in float32, rounded once.
///
/// Placement: unchanged.
/// Cost:      reads it once, writes once; the cycles of the activation for each tile.
/// Throws:    std::invalid_argument if a sum is owed or a dtype is no floating-point one.
/// Source:    ttnn.relu, ttnn.gelu, ttnn.silu.
[[nodiscard]] mesh::Tensor activate(const mesh::Tensor& input, Activation activation,
                                    const ActivateOptions& options = {});

[[nodiscard]] mesh::OpDefinition activate_definition();

}  // namespace ttmesh::ops
