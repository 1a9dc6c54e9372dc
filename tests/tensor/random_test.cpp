#include "mesh/tensor/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "sim/philox.hpp"

namespace ttmesh::mesh {
namespace {

std::vector<float> normals(RandomKey key, std::uint64_t first, std::size_t count,
                           float scale = 1.0F) {
  std::vector<float> values(count);
  fill_normal(key, first, scale, values);
  return values;
}

// Sample 64 g + 16 w + c comes from word w of counter 16 g + c; words 0 and 1 are a pair, 2 and 3
// another.
double sample_by_definition(RandomKey key, std::uint64_t sample) {
  const std::uint64_t counter = sample / 64 * 16 + sample % 16;
  const std::size_t word = sample % 64 / 16;
  const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  const auto words =
      sim::philox4x32({low(counter), high(counter), low(key.stream), high(key.stream)},
                      {low(key.seed), high(key.seed)});
  const double uniform = (static_cast<double>(words[word & 2U] >> 1) + 0.5) * 0x1p-31;
  const double angle = static_cast<double>(static_cast<std::int32_t>(words[word | 1U])) *
                       (std::numbers::pi * 0x1p-31);
  const double radius = std::sqrt(-2.0 * std::log(uniform));
  return radius * (word % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

TEST(FillNormal, IsBoxMullerOverPhilox) {
  const RandomKey key{.seed = 0x123456789abcdef0U, .stream = 0xfedcba9876543210U};
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{37}, std::uint64_t{1} << 40}) {
    const std::vector<float> values = normals(key, first, 300);
    for (std::size_t i = 0; i < values.size(); ++i) {
      // The first word is rounded to 24 bits, which moves a radius near zero by up to 3e-4.
      EXPECT_NEAR(values[i], sample_by_definition(key, first + i), 4e-4) << first + i;
    }
  }
}

TEST(FillNormal, GivesTheSameInPiecesAsAtOnce) {
  const RandomKey key{.seed = 1, .stream = 2};
  const std::vector<float> whole = normals(key, 0, 1000);
  for (const std::size_t piece : {1U, 3U, 15U, 16U, 17U, 63U, 64U, 65U, 100U, 333U}) {
    std::vector<float> pieces(whole.size());
    for (std::size_t at = 0; at < whole.size(); at += piece) {
      fill_normal(key, at, 1.0F, std::span(pieces).subspan(at, std::min(piece, whole.size() - at)));
    }
    EXPECT_EQ(pieces, whole) << piece;
  }
}

TEST(FillNormal, BeginsAnywhere) {
  const RandomKey key{.seed = 9, .stream = 1};
  const std::vector<float> whole = normals(key, 0, 200);
  for (std::size_t first = 0; first < 130; ++first) {
    EXPECT_EQ(normals(key, first, 70),
              std::vector<float>(whole.begin() + static_cast<long>(first),
                                 whole.begin() + static_cast<long>(first) + 70));
  }
}

TEST(FillNormal, ScalesTheSamples) {
  const std::vector<float> ones = normals({.seed = 4}, 0, 100);
  const std::vector<float> halves = normals({.seed = 4}, 0, 100, 0.5F);
  for (std::size_t i = 0; i < ones.size(); ++i) EXPECT_EQ(halves[i], 0.5F * ones[i]);
}

TEST(FillNormal, HasTheMomentsOfANormalDistribution) {
  constexpr std::size_t kCount = 1U << 22;
  const std::vector<float> values = normals({.seed = 42, .stream = 7}, 5, kCount);
  double sum = 0;
  double squares = 0;
  double cubes = 0;
  double fourths = 0;
  for (const double v : values) {
    sum += v;
    squares += v * v;
    cubes += v * v * v;
    fourths += v * v * v * v;
  }
  // Five standard errors of each moment.
  const double error = 5 / std::sqrt(static_cast<double>(kCount));
  EXPECT_NEAR(sum / kCount, 0, error);
  EXPECT_NEAR(squares / kCount, 1, error * std::sqrt(2.0));
  EXPECT_NEAR(cubes / kCount, 0, error * std::sqrt(15.0));
  EXPECT_NEAR(fourths / kCount, 3, error * std::sqrt(96.0));
}

TEST(FillNormal, HasTheTailsOfANormalDistribution) {
  constexpr std::size_t kCount = 1U << 22;
  const std::vector<float> values = normals({.seed = 43}, 0, kCount);
  for (const double bound : {0.5, 1.0, 2.0, 3.0, 4.0}) {
    const double share = std::erfc(bound / std::numbers::sqrt2);
    std::size_t outside = 0;
    for (const float v : values) outside += std::abs(v) > bound ? 1 : 0;
    const double expected = share * kCount;
    EXPECT_NEAR(static_cast<double>(outside), expected, 5 * std::sqrt(expected)) << bound;
  }
}

double correlation(const std::vector<float>& a, const std::vector<float>& b, std::size_t lag) {
  double sum = 0;
  for (std::size_t i = 0; i + lag < a.size(); ++i) sum += double{a[i]} * double{b[i + lag]};
  return sum / static_cast<double>(a.size() - lag);
}

TEST(FillNormal, GivesUncorrelatedStreamsSeedsAndNeighbours) {
  constexpr std::size_t kCount = 1U << 20;
  const double bound = 5 / std::sqrt(static_cast<double>(kCount));
  const std::vector<float> values = normals({.seed = 1, .stream = 1}, 0, kCount);
  EXPECT_NEAR(correlation(values, normals({.seed = 1, .stream = 2}, 0, kCount), 0), 0, bound);
  EXPECT_NEAR(correlation(values, normals({.seed = 2, .stream = 1}, 0, kCount), 0), 0, bound);
  for (const std::size_t lag : {1U, 15U, 16U, 17U, 32U, 48U, 64U}) {
    EXPECT_NEAR(correlation(values, values, lag), 0, bound) << lag;
  }
}

}  // namespace
}  // namespace ttmesh::mesh
