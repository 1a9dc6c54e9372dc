#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/shape.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::mesh {

/// A whole tensor in the controller's memory, row-major.
struct HostTensor {
  using Values = std::variant<std::vector<float>, std::vector<std::int32_t>,
                              std::vector<std::uint32_t>, std::vector<std::uint16_t>>;

  Shape shape;
  Values values;

  /// The values of a floating-point tensor. Throws std::invalid_argument for integers.
  const std::vector<float>& floats() const { return std::get<std::vector<float>>(values); }
};

/// A chip's part of `global`, rounded to the dtype of `spec`, whose shape is local.
[[nodiscard]] Shard shard_of(const HostTensor& global, const TensorSpec& spec, Coordinate chip);

/// The global tensor of which `shards` are the chips' parts, row-major over the mesh. Replicas are
/// taken from the first chip that holds them. Throws std::invalid_argument if a sum is still owed.
[[nodiscard]] HostTensor compose(const std::vector<Shard>& shards, const TensorSpec& spec);

/// A shard as a host tensor of its local shape.
[[nodiscard]] HostTensor to_host(const Shard& shard);

}  // namespace ttmesh::mesh
