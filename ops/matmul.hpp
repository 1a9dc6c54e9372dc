#pragma once

#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/activation.hpp"
#include "sim/work.hpp"

namespace ttmesh::ops {

struct MatmulOptions {
  std::optional<mesh::Tensor> bias{};        ///< [.., 1, N]; added to the product.
  Activation activation = Activation::None;  ///< Applied after the bias, before rounding.
  std::optional<mesh::DataType> dtype{};     ///< Of the output; that of `a` if unset.
  mesh::MemoryConfig memory = mesh::kDramInterleaved;
  sim::MathFidelity fidelity = sim::MathFidelity::HiFi2;  ///< Of cost and values: ops/truncation.
  bool fp32_accumulate = false;         ///< Changes the cost only: sums are always float32.
  std::optional<sim::CoreGrid> grid{};  ///< Cores to use; all if unset.
};

/// a * weight: the product of an activation with a weight, which is held packed from its first use.
///
/// Shapes:    [.., M, K] and [.., K, N] -> [.., M, N]; leading dims of one operand may all be 1.
/// Placement: K sharded on both -> Partial; Shard(last) of the weight -> Shard(last); rows or
///            batches sharded on `a`, weight replicated -> the same; Partial * Replicate -> Partial
///            if there is neither bias nor activation (a bias may be Partial too).
/// Cost:      sim::MatmulWork of the tile-padded shapes; a weight width-sharded in DRAM is read by
///            one reader per bank. Bias and activation are not charged: they ride on the packer.
/// Throws:    std::invalid_argument if shapes, layouts or placements do not fit; the message names
///            the collective that is missing.
/// Source:    ttnn.linear.
[[nodiscard]] mesh::Tensor linear(const mesh::Tensor& a, const mesh::Tensor& weight,
                                  const MatmulOptions& options = {});

/// a * b as `linear`, for any two tensors: `b` stays in plain order.
/// Source:    ttnn.matmul.
[[nodiscard]] mesh::Tensor matmul(const mesh::Tensor& a, const mesh::Tensor& b,
                                  const MatmulOptions& options = {});

[[nodiscard]] mesh::OpDefinition linear_definition();
[[nodiscard]] mesh::OpDefinition matmul_definition();

}  // namespace ttmesh::ops
