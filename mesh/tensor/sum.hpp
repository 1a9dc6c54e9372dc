#pragma once

#include <cstdint>
#include <span>

#include "mesh/tensor/dtype.hpp"

namespace ttmesh::mesh {

/// `a + b`, element by element. The three are of one size; `out` may be `a` or `b`.
void add(std::span<const float> a, std::span<const float> b, std::span<float> out);

/// The same for values held as bfloat16: the sum is made in float32 and rounded to `dtype` (bf16 or
/// a block float). Block floats share one exponent in each run of 16 within a row of `row_length`.
void add(std::span<const Bfloat16> a, std::span<const Bfloat16> b, std::span<Bfloat16> out,
         DataType dtype, std::int64_t row_length);

}  // namespace ttmesh::mesh
