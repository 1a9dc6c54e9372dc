#pragma once

#include <cstdint>
#include <span>

namespace ttmesh::ops {

/// Sizes of an unsharded product, and how many threads work on it.
struct ReferenceShape {
  std::int64_t m = 0;
  std::int64_t k = 0;
  std::int64_t n = 0;
  int threads = 1;
};

/// c = a * b: row-major float32 matrices [m, k] and [k, n], for references and benchmarks.
/// Throws std::invalid_argument if a span has another size.
void matmul_f32(std::span<const float> a, std::span<const float> b, std::span<float> c,
                const ReferenceShape& shape);

/// c += a * b.
void accumulate_matmul_f32(std::span<const float> a, std::span<const float> b, std::span<float> c,
                           const ReferenceShape& shape);

}  // namespace ttmesh::ops
