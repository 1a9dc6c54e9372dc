#pragma once

#include <cstdint>
#include <span>

#include "mesh/tensor/dtype.hpp"

namespace ttmesh::mesh {

/// Rounds every value to what `dtype` can hold, still as float32. Block floats share one exponent
/// in each run of 16 within a row of `row_length` values (the last run of a row may be shorter).
void quantise(std::span<const float> in, std::span<float> out, DataType dtype,
              std::int64_t row_length);

/// The same, held as bfloat16, for bf16, bfp8_b and bfp4_b.
void quantise(std::span<const float> in, std::span<Bfloat16> out, DataType dtype,
              std::int64_t row_length);

void to_float(std::span<const Bfloat16> in, std::span<float> out);

}  // namespace ttmesh::mesh
