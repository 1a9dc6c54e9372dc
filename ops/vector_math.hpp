#pragma once

#include <span>

#include "ops/activation.hpp"

namespace ttmesh::ops {

/// Loops over float32 values with the widest vectors that the processor has.

void apply(Activation activation, std::span<float> values);

/// values[i] += other[i], or other[0] if `other` has one value.
void add_to(std::span<float> values, std::span<const float> other);

/// values[i] *= other[i], or other[0] if `other` has one value.
void multiply_by(std::span<float> values, std::span<const float> other);

}  // namespace ttmesh::ops
