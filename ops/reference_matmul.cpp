#include "ops/reference_matmul.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "ops/onednn_matmul.hpp"

namespace ttmesh::ops {
namespace {

void require_size(const char* name, std::size_t size, std::int64_t rows, std::int64_t cols) {
  if (static_cast<std::int64_t>(size) != rows * cols) {
    throw std::invalid_argument(
        fmt::format("[matmul_f32] {} has {} values, needs {} x {}", name, size, rows, cols));
  }
}

void run(std::span<const float> a, std::span<const float> b, std::span<float> c,
         const ReferenceShape& shape, bool accumulates) {
  require_size("a", a.size(), shape.m, shape.k);
  require_size("b", b.size(), shape.k, shape.n);
  require_size("c", c.size(), shape.m, shape.n);
  execute({.m = shape.m,
           .k = shape.k,
           .n = shape.n,
           .c_stride = shape.n,
           .accumulates = accumulates,
           .threads = shape.threads},
          std::as_bytes(a).data(), std::as_bytes(b).data(), std::as_writable_bytes(c).data());
}

}  // namespace

void matmul_f32(std::span<const float> a, std::span<const float> b, std::span<float> c,
                const ReferenceShape& shape) {
  run(a, b, c, shape, false);
}

void accumulate_matmul_f32(std::span<const float> a, std::span<const float> b, std::span<float> c,
                           const ReferenceShape& shape) {
  run(a, b, c, shape, true);
}

}  // namespace ttmesh::ops
