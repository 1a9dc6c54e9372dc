#pragma once

#include <span>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/dtype.hpp"
#include "sim/work.hpp"

namespace ttmesh::ops {

/// Mantissa bits of a bfloat16.
constexpr int kMantissaBits = 7;

/// What the phases of the matrix engine multiply of the operands of a * b.
///
/// A multiplier takes 5 bits of SrcA and 7 of SrcB, hidden ones included; matmuls load b to SrcA
/// and a to SrcB. The first phase (LoFi) multiplies the upper parts of both, the second (HiFi2)
/// adds the rest of b, the third (HiFi3) the rest of a times the upper part of b, the fourth
/// (HiFi4) the rest of both. Source: tt-metal, tech_reports/matrix_engine and llk_math_matmul.
struct Truncation {
  int a_bits = kMantissaBits;  ///< Upper mantissa bits of a that meet b.
  int b_bits = kMantissaBits;  ///< Upper mantissa bits of b that meet a.
  int rest_bits = 0;           ///< If not 0, the rest of a meets so many upper bits of b, too.

  friend constexpr bool operator==(const Truncation&, const Truncation&) = default;
};

/// The same for both products of attention.
struct AttentionTruncation {
  Truncation scores{};   ///< Of queries and keys.
  Truncation weights{};  ///< Of probabilities and values.
};

/// What a fidelity does to operands of such dtypes. A float32 operand makes the product exact: it
/// is this project's exact mode, without the TF32 of the hardware. Block floats have fewer mantissa
/// bits to begin with.
[[nodiscard]] Truncation truncation_of(sim::MathFidelity fidelity, mesh::DataType a,
                                       mesh::DataType b);

/// The values of a block of bfloat16 with the upper `bits` of their mantissas alone, and what is
/// left of them.
[[nodiscard]] mesh::BlockPtr truncated(const mesh::Block& block, int bits);
[[nodiscard]] mesh::BlockPtr remainder(const mesh::Block& block, int bits);

/// The same of values in place, all of them exact in bfloat16.
void truncate(std::span<float> values, int bits);

}  // namespace ttmesh::ops
