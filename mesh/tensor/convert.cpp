#include "mesh/tensor/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "mesh/tensor/rounding.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::int64_t kRun = 16;

template <typename T>
void quantise_rows(std::span<const float> in, std::span<T> out, DataType dtype,
                   std::int64_t row_length) {
  if (!is_floating(dtype) || in.size() != out.size() || row_length <= 0) {
    throw std::invalid_argument(fmt::format(
        "[quantise] {} values in rows of {} to {} values of {}, needs equal counts, a positive row "
        "length and a floating-point format",
        in.size(), row_length, out.size(), name(dtype)));
  }
  if (!is_block_float(dtype) || row_length % kRun == 0) {
    round_values(in.data(), out.data(), in.size(), dtype);
    return;
  }
  const auto length = static_cast<std::size_t>(row_length);
  for (std::size_t row = 0; row < in.size(); row += length) {
    round_values(in.data() + row, out.data() + row, std::min(length, in.size() - row), dtype);
  }
}

}  // namespace

void quantise(std::span<const float> in, std::span<float> out, DataType dtype,
              std::int64_t row_length) {
  quantise_rows(in, out, dtype, row_length);
}

void quantise(std::span<const float> in, std::span<Bfloat16> out, DataType dtype,
              std::int64_t row_length) {
  if (dtype == DataType::Float32) {
    throw std::invalid_argument("[quantise] f32 cannot be held as bfloat16, needs bf16 or less");
  }
  quantise_rows(in, out, dtype, row_length);
}

void to_float(std::span<const Bfloat16> in, std::span<float> out) {
  widen_values(in.data(), out.data(), in.size());
}

}  // namespace ttmesh::mesh
