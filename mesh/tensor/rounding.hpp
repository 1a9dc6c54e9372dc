#pragma once

#include <cstddef>

#include "mesh/tensor/dtype.hpp"

// What the SIMD code does to adjacent values; it chooses the processor's best instructions at run
// time. Block floats share an exponent in each run of 16, counted from the first value. `dtype` is
// a floating format; `out` may be an input.
namespace ttmesh::mesh {

void round_values(const float* in, float* out, std::size_t count, DataType dtype);
void round_values(const float* in, Bfloat16* out, std::size_t count, DataType dtype);
void widen_values(const Bfloat16* in, float* out, std::size_t count);
void add_values(const float* a, const float* b, float* out, std::size_t count);
/// Adds in float32 and rounds to `dtype`.
void add_values(const Bfloat16* a, const Bfloat16* b, Bfloat16* out, std::size_t count,
                DataType dtype);

}  // namespace ttmesh::mesh
