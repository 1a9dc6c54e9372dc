#pragma once

#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/random.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

struct RandomNormalOptions {
  mesh::RandomKey key{};
  double scale = 1.0;                    ///< Standard deviation.
  std::optional<mesh::Shape> logical{};  ///< Global extents that have samples; 0 beyond them.
};

/// A tensor of independent N(0, scale^2) values, rounded to the dtype of `spec`; its shape is that
/// on one chip. Samples are numbered row-major over the logical global shape, so the values do not
/// depend on placement or padding.
///
/// Placement: that of `spec`. Each chip makes its own part; replicas are made once.
/// Cost:      none: it stands for weights and inputs that are there already.
/// Throws:    std::invalid_argument if the dtype is an integer, `spec` owes a sum, or `logical`
///            exceeds the global shape.
/// Source:    this project; ttnn.randn is the closest relative.
[[nodiscard]] mesh::Tensor random_normal(mesh::MeshDevice device, const mesh::TensorSpec& spec,
                                         const RandomNormalOptions& options);

[[nodiscard]] mesh::OpDefinition random_normal_definition();

}  // namespace ttmesh::ops
