#include "mesh/tensor/rounding.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <bit>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "mesh/tensor/block_float.hpp"

namespace ttmesh::mesh {
namespace {

// Every instruction set that this processor can run, one after another.
class Rounding : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
  }
};

std::vector<std::int64_t> targets() {
  std::vector<std::int64_t> targets;
  for (std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS; left != 0; left &= left - 1) {
    targets.push_back(left & -left);
  }
  return targets;
}

INSTANTIATE_TEST_SUITE_P(Targets, Rounding, ::testing::ValuesIn(targets()), [](const auto& target) {
  return std::string(hwy::TargetName(target.param));
});

// Fractions that round past the top, that are ties, and that lie just past a bfloat16.
std::uint32_t shaped(std::uint32_t fraction, std::uint32_t kind) {
  switch (kind) {
    case 1:
      return fraction | 0x7f0000U;
    case 2:
      return fraction & 0x7f0000U << fraction % 4 & 0x7fffffU;
    case 3:
      return (fraction & 0x7f0000U) + fraction % 3U;
    default:
      return fraction;
  }
}

// Random bit patterns; then, for every exponent, runs whose exponents lie close below it.
std::vector<float> values_of_all_kinds() {
  std::mt19937 engine(7);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  std::vector<float> values;
  const auto push = [&](std::uint32_t bits) { values.push_back(std::bit_cast<float>(bits)); };
  for (int i = 0; i < 16 * 4096; ++i) push(random());
  for (std::uint32_t exponent = 0; exponent < 256; ++exponent) {
    for (std::uint32_t run = 0; run < 64; ++run) {
      const std::uint32_t spread = 1U << random() % 6;
      for (int i = 0; i < 16; ++i) {
        const std::uint32_t own = exponent - std::min(random() % spread, exponent);
        push(random() << 31 | own << 23 | shaped(random() & 0x7fffffU, run % 4));
      }
    }
  }
  for (const std::uint32_t bits :
       {0x00000000U, 0x80000000U, 0x7f800000U, 0xff800000U, 0x7fc00000U, 0x7f800001U, 0x00000001U,
        0x807fffffU, 0x00800000U, 0x7f7fffffU}) {
    push(bits);
  }
  return values;
}

std::vector<float> rounded(std::span<const float> in, DataType dtype) {
  std::vector<float> out(in.begin(), in.end());
  if (dtype == DataType::Bfloat16) {
    std::ranges::transform(in, out.begin(), [](float v) { return to_float(to_bfloat16(v)); });
  } else if (is_block_float(dtype)) {
    for (std::size_t i = 0; i < in.size(); i += 16) {
      const std::size_t count = std::min<std::size_t>(16, in.size() - i);
      quantise_run(in.subspan(i, count), std::span(out).subspan(i, count), dtype);
    }
  }
  return out;
}

// Position of the first value whose bits differ, or the size.
std::size_t first_difference(std::span<const float> a, std::span<const float> b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i])) return i;
  }
  return a.size();
}

std::vector<float> widened(const std::vector<Bfloat16>& in) {
  std::vector<float> out(in.size());
  std::ranges::transform(in, out.begin(), [](Bfloat16 v) { return to_float(v); });
  return out;
}

constexpr std::array kFloating{DataType::Float32, DataType::Bfloat16, DataType::Bfp8B,
                               DataType::Bfp4B};
constexpr std::array kHeldAsBfloat16{DataType::Bfloat16, DataType::Bfp8B, DataType::Bfp4B};

TEST_P(Rounding, EqualsTheOracleInFloat32) {
  const std::vector<float> in = values_of_all_kinds();
  for (const DataType dtype : kFloating) {
    std::vector<float> out(in.size());
    round_values(in.data(), out.data(), in.size(), dtype);
    EXPECT_EQ(first_difference(out, rounded(in, dtype)), in.size()) << name(dtype);
  }
}

TEST_P(Rounding, EqualsTheOracleInBfloat16) {
  const std::vector<float> in = values_of_all_kinds();
  for (const DataType dtype : kHeldAsBfloat16) {
    std::vector<Bfloat16> out(in.size());
    round_values(in.data(), out.data(), in.size(), dtype);
    EXPECT_EQ(first_difference(widened(out), rounded(in, dtype)), in.size()) << name(dtype);
  }
}

TEST_P(Rounding, WorksInPlace) {
  std::vector<float> values = values_of_all_kinds();
  const std::vector<float> expected = rounded(values, DataType::Bfp4B);
  round_values(values.data(), values.data(), values.size(), DataType::Bfp4B);
  EXPECT_EQ(first_difference(values, expected), values.size());
}

TEST_P(Rounding, TouchesNothingPastTheLastValue) {
  const std::vector<float> in = values_of_all_kinds();
  for (std::size_t count = 0; count < 40; ++count) {
    std::vector<float> floats(48, 9.0F);
    std::vector<Bfloat16> halves(48, Bfloat16{9});
    round_values(in.data(), floats.data(), count, DataType::Bfp8B);
    round_values(in.data(), halves.data(), count, DataType::Bfp8B);
    const std::vector<float> expected = rounded(std::span(in).first(count), DataType::Bfp8B);
    EXPECT_EQ(first_difference(expected, floats), count);
    EXPECT_EQ(first_difference(expected, widened(halves)), count);
    EXPECT_TRUE(std::all_of(floats.begin() + static_cast<std::ptrdiff_t>(count), floats.end(),
                            [](float v) { return v == 9.0F; }));
    EXPECT_TRUE(std::all_of(halves.begin() + static_cast<std::ptrdiff_t>(count), halves.end(),
                            [](Bfloat16 v) { return v.bits == 9; }));
  }
}

TEST_P(Rounding, WidensEveryBfloat16) {
  std::vector<Bfloat16> in;
  for (std::uint32_t bits = 0; bits <= 0xffffU; ++bits) {
    in.push_back({static_cast<std::uint16_t>(bits)});
  }
  std::vector<float> out(in.size());
  widen_values(in.data(), out.data(), in.size());
  EXPECT_EQ(first_difference(out, widened(in)), in.size());
}

TEST_P(Rounding, AddsFloats) {
  std::vector<float> a(1003);
  std::vector<float> b(a.size());
  std::vector<float> expected(a.size());
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = normal(random);
    b[i] = normal(random);
    expected[i] = a[i] + b[i];
  }
  std::vector<float> sum(a.size());
  add_values(a.data(), b.data(), sum.data(), sum.size());
  EXPECT_EQ(sum, expected);
}

TEST_P(Rounding, AddsInFloat32AndRoundsOnce) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<Bfloat16> a(1003);
  std::vector<Bfloat16> b(a.size());
  std::vector<float> sums(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = to_bfloat16(normal(random));
    b[i] = to_bfloat16(normal(random) * 0.01F);
    sums[i] = to_float(a[i]) + to_float(b[i]);
  }
  for (const DataType dtype : kHeldAsBfloat16) {
    std::vector<Bfloat16> sum(a.size());
    add_values(a.data(), b.data(), sum.data(), sum.size(), dtype);
    EXPECT_EQ(first_difference(widened(sum), rounded(sums, dtype)), sum.size()) << name(dtype);
  }
}

}  // namespace
}  // namespace ttmesh::mesh
