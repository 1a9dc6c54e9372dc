#include "ops/activation.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace ttmesh::ops {
namespace {

constexpr std::array kActivations{Activation::None, Activation::Relu,     Activation::Relu2,
                                  Activation::Gelu, Activation::GeluTanh, Activation::Silu};

// The vector unit takes 32 values at a time, so an instruction over a tile costs 32 cycles. The
// number of instructions is assumed: 2 for a maximum, 16 for an exponential with a reciprocal,
// which lies between the approximate and the exact variants of the vendor's kernels.
constexpr std::int64_t kCyclesPerInstruction = 32;
constexpr std::int64_t kReluInstructions = 2;
constexpr std::int64_t kExponentialInstructions = 16;

}  // namespace

std::string_view name(Activation activation) {
  switch (activation) {
    case Activation::None:
      return "none";
    case Activation::Relu:
      return "relu";
    case Activation::Relu2:
      return "relu2";
    case Activation::Gelu:
      return "gelu";
    case Activation::GeluTanh:
      return "gelu_tanh";
    case Activation::Silu:
      return "silu";
  }
  return "";
}

Activation parse_activation(std::string_view text) {
  for (const Activation activation : kActivations) {
    if (name(activation) == text) return activation;
  }
  throw std::invalid_argument(
      fmt::format("[parse_activation] no activation is called '{}'; one of none, relu, relu2, "
                  "gelu, gelu_tanh, silu",
                  text));
}

std::int64_t cycles_per_tile(Activation activation) {
  switch (activation) {
    case Activation::None:
      return 0;
    case Activation::Relu:
      return kReluInstructions * kCyclesPerInstruction;
    case Activation::Relu2:
      return (kReluInstructions + 1) * kCyclesPerInstruction;
    case Activation::Gelu:
    case Activation::GeluTanh:
    case Activation::Silu:
      return kExponentialInstructions * kCyclesPerInstruction;
  }
  return 0;
}

}  // namespace ttmesh::ops
