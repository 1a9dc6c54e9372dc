#include "mesh/tensor/convert.hpp"

#include <algorithm>

#include "mesh/tensor/block_float.hpp"

namespace ttmesh::mesh {

void quantise(std::span<const float> in, std::span<float> out, DataType dtype,
              std::int64_t row_length) {
  if (dtype == DataType::Float32) {
    std::copy(in.begin(), in.end(), out.begin());
    return;
  }
  if (dtype == DataType::Bfloat16) {
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = to_float(to_bfloat16(in[i]));
    return;
  }
  const auto length = static_cast<std::size_t>(row_length);
  for (std::size_t row = 0; row < in.size(); row += length) {
    for (std::size_t i = 0; i < length; i += 16) {
      const std::size_t n = std::min<std::size_t>(16, length - i);
      quantise_run(in.subspan(row + i, n), out.subspan(row + i, n), dtype);
    }
  }
}

void quantise(std::span<const float> in, std::span<Bfloat16> out, DataType dtype,
              std::int64_t row_length) {
  std::vector<float> rounded(in.size());
  quantise(in, rounded, dtype, row_length);
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = to_bfloat16(rounded[i]);
}

void to_float(std::span<const Bfloat16> in, std::span<float> out) {
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = to_float(in[i]);
}

}  // namespace ttmesh::mesh
