#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/dtype.hpp"
#include "ops/truncation.hpp"

namespace ttmesh::ops {

/// A product of row-major matrices: `batches` x [m, k] * [k, n].
struct ProductShape {
  std::int64_t batches = 1;
  std::int64_t m = 0;
  std::int64_t k = 0;
  std::int64_t n = 0;
  bool a_repeats = false;  ///< One a for all batches.

  friend constexpr bool operator==(const ProductShape&, const ProductShape&) = default;
};

/// What becomes of the second operand.
enum class WeightForm : std::uint8_t {
  Plain,   ///< Read as it is.
  Packed,  ///< A weight, used again and again: packed at the first use and held so from then on.
};

/// How the second operand is used.
struct WeightUse {
  WeightForm form = WeightForm::Plain;
  int mantissa_bits = kMantissaBits;  ///< Of a bfloat16: the upper ones that take part. A packed
                                      ///< weight is held a second time for fewer than all.
};

/// c = a * b with float32 sums, on the calling thread alone; safe from many threads at once, on the
/// same blocks too. Blocks hold bfloat16 or float32.
///
/// bfloat16 operands are multiplied as such where the processor can; a float32 operand, or a
/// processor without AVX-512, makes it a float32 product: a is converted whole, a bfloat16 b by
/// blocks of columns at each use, so that it is still held only once, as bfloat16. Only a `b` that
/// is multiplied in the type that it is held in is packed.
void multiply(const ProductShape& shape, const mesh::Block& a, const mesh::Block& b, WeightUse use,
              std::span<float> c);

/// The same, rounded once to nearest even.
void multiply(const ProductShape& shape, const mesh::Block& a, const mesh::Block& b, WeightUse use,
              std::span<mesh::Bfloat16> c);

/// c += a * b.
void accumulate(const ProductShape& shape, const mesh::Block& a, const mesh::Block& b,
                WeightUse use, std::span<float> c);

/// How this process multiplies bfloat16: "bf16", or "f32" on processors without AVX-512. Chosen
/// once; values are reproducible per path.
[[nodiscard]] std::string_view matmul_cpu_path();

/// All that the values of this process depend on besides the program: two processes whose two words
/// are the same give the same values.
struct ValuesPath {
  std::string processor;  ///< "bf16 products on AVX512_CORE_AMX"
  std::string library;    ///< "3.1.1", of oneDNN.
};
[[nodiscard]] ValuesPath values_path();

}  // namespace ttmesh::ops
