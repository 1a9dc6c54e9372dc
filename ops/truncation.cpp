#include "ops/truncation.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;

constexpr int kUpperBitsOfSrcA = 4;
constexpr int kUpperBitsOfSrcB = 6;
constexpr std::uint16_t kExponent = 0x7F80;

// Mantissa bits that values of a dtype use. A block float's leading one is one of its bits.
int mantissa_bits(DataType dtype) {
  if (dtype == DataType::Bfp8B) return 6;
  if (dtype == DataType::Bfp4B) return 2;
  return kMantissaBits;
}

std::uint16_t mask_of(int bits) {
  return static_cast<std::uint16_t>(0xFFFFU << static_cast<unsigned>(kMantissaBits - bits));
}

std::span<const std::uint16_t> bits_of(const mesh::Buffer& buffer) {
  return {reinterpret_cast<const std::uint16_t*>(buffer.data()), buffer.size() / 2};
}

std::span<std::uint16_t> bits_of(mesh::Buffer& buffer) {
  return {reinterpret_cast<std::uint16_t*>(buffer.data()), buffer.size() / 2};
}

}  // namespace

Truncation truncation_of(sim::MathFidelity fidelity, DataType a, DataType b) {
  using enum sim::MathFidelity;
  if (a == DataType::Float32 || b == DataType::Float32 || fidelity == HiFi4) return {};
  const bool cuts_a = mantissa_bits(a) > kUpperBitsOfSrcB;
  const bool cuts_b = mantissa_bits(b) > kUpperBitsOfSrcA;
  Truncation truncation;
  if (fidelity == HiFi3) {
    if (cuts_a && cuts_b) {
      truncation.a_bits = kUpperBitsOfSrcB;
      truncation.rest_bits = kUpperBitsOfSrcA;
    }
    return truncation;
  }
  if (cuts_a) truncation.a_bits = kUpperBitsOfSrcB;
  if (cuts_b && fidelity == LoFi) truncation.b_bits = kUpperBitsOfSrcA;
  return truncation;
}

mesh::BlockPtr truncated(const mesh::Block& block, int bits) {
  const std::shared_ptr<const mesh::Buffer> plain = block.plain();
  auto buffer = std::make_shared<mesh::Buffer>(plain->size());
  keep_bits(bits_of(std::as_const(*plain)), mask_of(bits), bits_of(*buffer));
  return std::make_shared<mesh::Block>(block.shape(), block.type(), std::move(buffer));
}

// The lower half of each value is 0, and stays so.
void truncate(std::span<float> values, int bits) {
  const std::span<std::uint16_t> halves(reinterpret_cast<std::uint16_t*>(values.data()),
                                        2 * values.size());
  keep_bits(halves, mask_of(bits), halves);
}

// A value less its upper part is exact: its bits are among those of the value.
mesh::BlockPtr remainder(const mesh::Block& block, int bits) {
  const std::shared_ptr<const mesh::Buffer> plain = block.plain();
  auto buffer = std::make_shared<mesh::Buffer>(plain->size());
  const std::span<const std::uint16_t> from = bits_of(*plain);
  const std::span<std::uint16_t> to = bits_of(*buffer);
  const std::uint16_t mask = mask_of(bits);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if ((from[i] & kExponent) == kExponent) {  // Infinities and NaNs are in the upper part.
      to[i] = 0;
      continue;
    }
    const auto whole = std::bit_cast<float>(std::uint32_t{from[i]} << 16U);
    const auto upper = std::bit_cast<float>((std::uint32_t{from[i]} & mask) << 16U);
    to[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(whole - upper) >> 16U);
  }
  return std::make_shared<mesh::Block>(block.shape(), block.type(), std::move(buffer));
}

}  // namespace ttmesh::ops
