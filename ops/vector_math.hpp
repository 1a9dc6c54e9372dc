#pragma once

#include <cstdint>
#include <span>

#include "ops/activation.hpp"

namespace ttmesh::ops {

/// Loops over values, float32 but for the last, with the widest vectors that the processor has.

void apply(Activation activation, std::span<float> values);

/// values[i] += other[i], or other[0] if `other` has one value.
void add_to(std::span<float> values, std::span<const float> other);

/// values[i] *= other[i], or other[0] if `other` has one value.
void multiply_by(std::span<float> values, std::span<const float> other);

/// Sums in float32, a vector's lanes side by side: the order depends on the processor's vectors.
[[nodiscard]] float sum(std::span<const float> values);
[[nodiscard]] float sum_of_squares(std::span<const float> values);

/// The largest of at least one value.
[[nodiscard]] float largest(std::span<const float> values);

/// values[i] = exp(values[i] - shift); 0 for minus infinity, NaN for NaN.
void exponentiate(std::span<float> values, float shift);

/// out[i] = in[i] & mask.
void keep_bits(std::span<const std::uint16_t> in, std::uint16_t mask, std::span<std::uint16_t> out);

}  // namespace ttmesh::ops
