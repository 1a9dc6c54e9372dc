#pragma once

#include <optional>
#include <string>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/activation.hpp"
#include "ops/combination.hpp"

namespace ttmesh::ops {

/// What `add` and `mul` share.
struct ElementwiseOptions {
  Activation input_a_activation = Activation::None;  ///< Applied to the first operand.
  Activation activation = Activation::None;          ///< Applied to the result.
  std::optional<mesh::DataType> dtype{};             ///< That of the first operand if unset.
  std::optional<mesh::MemoryConfig> memory{};        ///< That of the first operand if unset.
};

/// Definition of `op`: one input and the attribute "scalar", or two inputs.
[[nodiscard]] mesh::OpDefinition elementwise_definition(std::string op, Combination combination);

/// Issues `op`.
[[nodiscard]] mesh::Tensor enqueue_elementwise(const char* op, const mesh::Tensor& a,
                                               const mesh::Tensor& b,
                                               const ElementwiseOptions& options);
[[nodiscard]] mesh::Tensor enqueue_elementwise(const char* op, const mesh::Tensor& a, float scalar,
                                               const ElementwiseOptions& options);

}  // namespace ttmesh::ops
