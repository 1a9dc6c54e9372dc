#pragma once

#include <array>
#include <cstdint>

#include "mesh/program/op_table.hpp"
#include "mesh/tensor/block.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// Which rows of the tables turn which rows of the input.
enum class RotaryMode : std::uint8_t {
  Prefill,  ///< Input [b, h, s, d], tables [1, 1 or h, s, d]: by position, dim 2.
  Decode,   ///< Input [1, b, h, d], tables [1, b, .., d]: by user, dim 1, in the first row of each.
};

/// Tables of a rotation, as blocks or as specs.
template <typename T>
struct RotaryTables {
  const T& cos;
  const T& sin;
  const T&
      transformation;  ///< [.., 32 * n, 32]; user i takes matrix i modulo n, a prompt the first.
};

/// Spec of the rotated input. Users of the input begin at `first_user` of `users` in the tables of
/// a decode. Throws std::invalid_argument if shapes, dtypes or placements do not fit.
[[nodiscard]] mesh::TensorSpec rotated_spec(const char* op, RotaryMode mode,
                                            const mesh::TensorSpec& input,
                                            const RotaryTables<mesh::TensorSpec>& tables,
                                            std::int64_t users);

/// input * cos + (input * transformation) * sin, the transformation on each 32 columns of a row, in
/// float32, rounded once.
[[nodiscard]] mesh::Shard rotated(RotaryMode mode, const mesh::Block& input,
                                  const RotaryTables<mesh::Block>& tables, std::int64_t first_user,
                                  const mesh::TensorSpec& out);

/// Cycles that the rotation of a tile costs one core.
[[nodiscard]] std::int64_t rotation_cycles_per_tile();

}  // namespace ttmesh::ops
