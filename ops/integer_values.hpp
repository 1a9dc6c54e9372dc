#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/combination.hpp"

namespace ttmesh::ops {

/// The values of a block of any integer type. Throws std::invalid_argument if it holds floats.
[[nodiscard]] std::vector<std::int64_t> integer_values(const mesh::Block& block);

/// A block of `spec`, an integer dtype, with these values, each within its range.
[[nodiscard]] mesh::Shard integer_shard(const mesh::TensorSpec& spec,
                                        std::span<const std::int64_t> values);

/// Throws std::invalid_argument if the operand does not hold integers.
void require_integers(const char* op, Operand operand);

}  // namespace ttmesh::ops
