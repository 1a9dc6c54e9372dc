#include "mesh/tensor/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "sim/philox.hpp"

// Highway compiles this file once for each instruction set. The order of its headers matters.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mesh/tensor/random.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

// Samples come in groups of 64: the four words of 16 consecutive counters, first words first. Words
// 0 and 1 of a counter make two samples (Box-Muller), words 2 and 3 two more. A group is always
// made whole, so that a sample does not depend on where filling begins.
#ifndef TTMESH_MESH_TENSOR_RANDOM_GROUP
#define TTMESH_MESH_TENSOR_RANDOM_GROUP
namespace ttmesh::mesh {
namespace {

constexpr std::uint64_t kCounters = 16;
constexpr std::uint64_t kGroup = 4 * kCounters;

constexpr float kPerInteger = 0x1p-31F;

constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t high(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

}  // namespace
}  // namespace ttmesh::mesh
#endif

HWY_BEFORE_NAMESPACE();
namespace ttmesh::mesh::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void fill_group(RandomKey key, std::uint64_t group, float scale, float* out) {
  for (std::uint64_t i = 0; i < kCounters; ++i) {
    const std::uint64_t counter = group * kCounters + i;
    const auto words =
        sim::philox4x32({low(counter), high(counter), low(key.stream), high(key.stream)},
                        {low(key.seed), high(key.seed)});
    for (std::size_t pair = 0; pair < words.size(); pair += 2) {
      const float uniform = (static_cast<float>(words[pair] >> 1) + 0.5F) * kPerInteger;
      const float angle = static_cast<float>(static_cast<std::int32_t>(words[pair + 1])) *
                          (std::numbers::pi_v<float> * kPerInteger);
      const float radius = scale * std::sqrt(-2.0F * std::log(uniform));
      out[pair * kCounters + i] = radius * std::cos(angle);
      out[(pair + 1) * kCounters + i] = radius * std::sin(angle);
    }
  }
}

#else

using Floats = hn::CappedTag<float, kCounters>;
using Integers = hn::RebindToSigned<Floats>;
using Words = hn::RebindToUnsigned<Floats>;
using Wide = hn::RepartitionToWide<Words>;  ///< A 32-bit word in the lower half of each lane.
using WordsVec = hn::Vec<Words>;
using WideVec = hn::Vec<Wide>;

struct Block {
  WideVec word0;
  WideVec word1;
  WideVec word2;
  WideVec word3;
};

// As philox4x32, for as many counters as there are lanes. What is above a lane's lower half is of
// no importance: MulEven does not see it.
Block philox(WideVec counters, RandomKey key) {
  const Words words;
  const Wide wide;
  const auto multiplier0 = hn::Set(words, sim::kPhiloxMultipliers[0]);
  const auto multiplier1 = hn::Set(words, sim::kPhiloxMultipliers[1]);
  Block block{counters, hn::ShiftRight<32>(counters), hn::Set(wide, low(key.stream)),
              hn::Set(wide, high(key.stream))};
  std::uint32_t key0 = low(key.seed);
  std::uint32_t key1 = high(key.seed);
  for (int round = 0; round < sim::kPhiloxRounds; ++round) {
    const auto even = hn::MulEven(hn::BitCast(words, block.word0), multiplier0);
    const auto odd = hn::MulEven(hn::BitCast(words, block.word2), multiplier1);
    block.word0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(odd), block.word1), hn::Set(wide, key0));
    block.word1 = odd;
    block.word2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(even), block.word3), hn::Set(wide, key1));
    block.word3 = even;
    key0 += sim::kPhiloxKeySteps[0];
    key1 += sim::kPhiloxKeySteps[1];
  }
  return block;
}

// The lower halves, those of `a` in even lanes.
WordsVec interleave(WideVec a, WideVec b) {
  const Words words;
  return hn::OddEven(hn::BitCast(words, hn::ShiftLeft<32>(b)), hn::BitCast(words, a));
}

void store_pair(WordsVec first, WordsVec second, float scale, float* cosines, float* sines) {
  const Floats floats;
  const Integers integers;
  const auto uniform =
      hn::Mul(hn::Add(hn::ConvertTo(floats, hn::BitCast(integers, hn::ShiftRight<1>(first))),
                      hn::Set(floats, 0.5F)),
              hn::Set(floats, kPerInteger));
  const auto angle = hn::Mul(hn::ConvertTo(floats, hn::BitCast(integers, second)),
                             hn::Set(floats, std::numbers::pi_v<float> * kPerInteger));
  const auto square = hn::Mul(hn::Set(floats, -2.0F), hn::Log(floats, uniform));
  const auto radius = hn::Mul(hn::Sqrt(hn::Max(square, hn::Zero(floats))), hn::Set(floats, scale));
  hn::StoreU(hn::Mul(radius, hn::Cos(floats, angle)), floats, cosines);
  hn::StoreU(hn::Mul(radius, hn::Sin(floats, angle)), floats, sines);
}

void fill_group(RandomKey key, std::uint64_t group, float scale, float* out) {
  const Wide wide;
  const auto twice = hn::ShiftLeft<1>(hn::Iota(wide, 0));
  for (std::uint64_t i = 0; i < kCounters; i += hn::Lanes(Words())) {
    const auto even = hn::Add(hn::Set(wide, group * kCounters + i), twice);
    const Block a = philox(even, key);
    const Block b = philox(hn::Add(even, hn::Set(wide, 1)), key);
    float* at = out + i;
    store_pair(interleave(a.word0, b.word0), interleave(a.word1, b.word1), scale, at,
               at + kCounters);
    store_pair(interleave(a.word2, b.word2), interleave(a.word3, b.word3), scale,
               at + 2 * kCounters, at + 3 * kCounters);
  }
}

#endif

void fill(RandomKey key, std::uint64_t first, float scale, float* out, std::uint64_t count) {
  std::uint64_t done = 0;
  while (done < count) {
    const std::uint64_t group = (first + done) / kGroup;
    const std::uint64_t skipped = (first + done) % kGroup;
    const std::uint64_t wanted = std::min(kGroup - skipped, count - done);
    if (wanted == kGroup) {
      fill_group(key, group, scale, out + done);
    } else {
      std::array<float, kGroup> whole;
      fill_group(key, group, scale, whole.data());
      std::copy_n(whole.data() + skipped, wanted, out + done);
    }
    done += wanted;
  }
}

}  // namespace
}  // namespace ttmesh::mesh::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ttmesh::mesh {

HWY_EXPORT(fill);

void fill_normal(RandomKey key, std::uint64_t first, float scale, std::span<float> out) {
  HWY_DYNAMIC_DISPATCH(fill)(key, first, scale, out.data(), out.size());
}

}  // namespace ttmesh::mesh
#endif
