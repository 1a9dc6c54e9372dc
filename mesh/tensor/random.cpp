#include "mesh/tensor/random.hpp"

#include <cmath>
#include <numbers>

#include "mesh/tensor/philox.hpp"

namespace ttmesh::mesh {
namespace {

std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

}  // namespace

void fill_normal(RandomKey key, std::uint64_t first, float scale, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint64_t sample = first + i;
    const std::uint64_t block = sample / 64 * 16 + sample % 16;
    const std::uint64_t word = sample % 64 / 16;
    const auto bits = philox4x32({low(block), high(block), low(key.stream), high(key.stream)},
                                 {low(key.seed), high(key.seed)});
    const std::size_t pair = word / 2 * 2;
    const float uniform = (static_cast<float>(bits[pair] >> 1) + 0.5F) * 0x1p-31F;
    const float angle = static_cast<float>(static_cast<std::int32_t>(bits[pair + 1])) *
                        (std::numbers::pi_v<float> * 0x1p-31F);
    const float radius = std::sqrt(-2.0F * std::log(uniform));
    out[i] = scale * radius * (word % 2 == 0 ? std::cos(angle) : std::sin(angle));
  }
}

}  // namespace ttmesh::mesh
