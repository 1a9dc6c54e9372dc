#pragma once

#include <cstdint>
#include <string_view>

namespace ttmesh::ops {

/// A function of one value that an op applies on the way, before it rounds.
enum class Activation : std::uint8_t {
  None,
  Relu,
  Relu2,     ///< The square of ReLU's.
  Gelu,      ///< x * Phi(x), with the error function.
  GeluTanh,  ///< Its approximation x / (1 + exp(-2 sqrt(2 / pi) (x + 0.044715 x^3))).
  Silu,      ///< x / (1 + exp(-x))
};

/// "none", "relu", "relu2", "gelu", "gelu_tanh", "silu"
[[nodiscard]] std::string_view name(Activation activation);

/// The activation called `text`. Throws std::invalid_argument listing the names.
[[nodiscard]] Activation parse_activation(std::string_view text);

/// Cycles of one core for a tile of 32x32 values.
[[nodiscard]] std::int64_t cycles_per_tile(Activation activation);

}  // namespace ttmesh::ops
