#include "mesh/tensor/sum.hpp"

#include <algorithm>
#include <vector>

#include "mesh/tensor/convert.hpp"

namespace ttmesh::mesh {

void add(std::span<const float> a, std::span<const float> b, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[i] + b[i];
}

void add(std::span<const Bfloat16> a, std::span<const Bfloat16> b, std::span<Bfloat16> out,
         DataType dtype, std::int64_t row_length) {
  std::vector<float> sums(out.size());
  for (std::size_t i = 0; i < out.size(); ++i) sums[i] = to_float(a[i]) + to_float(b[i]);
  quantise(sums, out, dtype, row_length);
}

}  // namespace ttmesh::mesh
