#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mesh/tensor/dtype.hpp"

namespace ttmesh::ops {

/// Rows of floating-point values, one after the other, as a block holds them.
struct HeldRows {
  const std::byte* data;
  mesh::HeldType type;  ///< Float32 or Bfloat16.
  std::int64_t count;
  std::int64_t width;
};

/// Products of a few rows of float32 with many held rows, which are read where they are: no packing
/// and no copy, where a matrix product of so few rows spends most of its time. Sums are float32 and
/// their order depends on the processor's vectors alone.

/// out[i * stride + row] = dot of `vectors[i]` and each row; `vectors` is [m, width].
void dot_rows(std::span<const float> vectors, const HeldRows& rows, float* out,
              std::int64_t stride);

/// out[i] += weights[i * stride + row] * row for one row after another, so that rows in several
/// places give exactly what they give side by side; `out` is [m, width].
void mix_rows(const float* weights, std::int64_t stride, const HeldRows& rows,
              std::span<float> out);

}  // namespace ttmesh::ops
