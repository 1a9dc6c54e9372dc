#pragma once

#include <cstdint>

#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/shape.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// How two tensors combine value by value; dims of extent 1, and missing leading dims, repeat (TTNN
/// broadcasting).
enum class Combination : std::uint8_t { Sum, Product };

/// An operand as an error message calls it.
struct Operand {
  const char* name;
  const mesh::TensorSpec& spec;
};

/// Shape of two tensors of these shapes combined. Throws std::invalid_argument if they do not
/// broadcast.
[[nodiscard]] mesh::Shape broadcast_shape(const char* op, const mesh::Shape& a,
                                          const mesh::Shape& b);

/// `distribution` of a tensor of `rank` for the same tensor with leading dims added up to
/// `new_rank`.
[[nodiscard]] mesh::Distribution with_leading_dims(mesh::Distribution distribution, int rank,
                                                   int new_rank);

/// Placement of a combination, per mesh axis: equal placements stay; a shard meets a replicated
/// operand only where that repeats; sums owed add up only with sums owed, and are scaled only by
/// what all chips of the axis hold alike. Throws std::invalid_argument otherwise.
[[nodiscard]] mesh::Distribution combined_distribution(const char* op, Combination combination,
                                                       Operand a, Operand b);

}  // namespace ttmesh::ops
