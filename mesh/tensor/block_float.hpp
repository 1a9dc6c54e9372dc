#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mesh/tensor/dtype.hpp"

namespace ttmesh::mesh {

/// Packs a tensor of whole 32x32 tiles, row-major, into the bytes that tt-metal's host code makes:
/// per tile, four 16x16 faces (row-major order of faces); first the shared exponents, one byte for
/// each run of 16, then sign and magnitude bits.
///
/// `dtype` is Bfp8B or Bfp4B; `rows` and `cols` are multiples of 32.
[[nodiscard]] std::vector<std::uint8_t> pack_block_float(std::span<const float> values,
                                                         std::int64_t rows, std::int64_t cols,
                                                         DataType dtype);

/// The values that such bytes stand for, row-major.
[[nodiscard]] std::vector<float> unpack_block_float(std::span<const std::uint8_t> bytes,
                                                    std::int64_t rows, std::int64_t cols,
                                                    DataType dtype);

/// Rounds one run that shares an exponent, value by value: the oracle for the SIMD code.
/// Shared exponent: the largest of the run. Each magnitude is shifted to it, rounded to nearest
/// even and clamped; magnitude bits with the hidden one: 7 (bfp8_b), 3 (bfp4_b).
void quantise_run(std::span<const float> in, std::span<float> out, DataType dtype);

}  // namespace ttmesh::mesh
