#pragma once

#include <bit>
#include <cstdint>

namespace ttmesh::ops {

/// The upper `bits` of the mantissa of a value that is exact in float32.
inline double upper(double value, int bits) {
  const auto all = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return std::bit_cast<float>(all & (0xFFFFFFFFU << static_cast<unsigned>(23 - bits)));
}

/// What one multiplier adds up of a * b in so many phases of (5-bit SrcA, 7-bit SrcB), b in SrcA.
inline double multiplied(double a, double b, int phases) {
  const double a_upper = upper(a, 6);
  const double b_upper = upper(b, 4);
  double sum = a_upper * b_upper;
  if (phases > 1) sum += a_upper * (b - b_upper);
  if (phases > 2) sum += (a - a_upper) * b_upper;
  if (phases > 3) sum += (a - a_upper) * (b - b_upper);
  return sum;
}

}  // namespace ttmesh::ops
