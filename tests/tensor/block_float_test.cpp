#include "mesh/tensor/block_float.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::array kBlockFloats{DataType::Bfp8B, DataType::Bfp4B};

std::vector<float> quantised(const std::vector<float>& run, DataType dtype) {
  std::vector<float> out(run.size());
  quantise_run(run, out, dtype);
  return out;
}

TEST(QuantiseRun, KeepsSevenMagnitudeBitsInBfp8) {
  // The exponent of 1.5 is shared: values are multiples of 1/64.
  EXPECT_THAT(quantised({1.5F, 1.0F / 64, 0.4F / 64, -0.6F / 64, 100.4F / 64}, DataType::Bfp8B),
              ElementsAre(1.5F, 1.0F / 64, 0.0F, -1.0F / 64, 100.0F / 64));
}

TEST(QuantiseRun, KeepsThreeMagnitudeBitsInBfp4) {
  EXPECT_THAT(quantised({1.5F, 0.25F, 0.1F, -0.2F, 1.2F}, DataType::Bfp4B),
              ElementsAre(1.5F, 0.25F, 0.0F, -0.25F, 1.25F));
}

TEST(QuantiseRun, RoundsTiesToEven) {
  EXPECT_THAT(quantised({1.0F, 0.125F, 0.375F, 0.625F, -0.375F}, DataType::Bfp4B),
              ElementsAre(1.0F, 0.0F, 0.5F, 0.5F, -0.5F));
}

TEST(QuantiseRun, ForgetsWhatTheShiftDropsBeforeItRounds) {
  // 0.125 + 2^-26 is past the tie, but its last bit is shifted out, which leaves the tie.
  EXPECT_THAT(quantised({1.0F, 0.125F + 0x1p-26F}, DataType::Bfp4B), ElementsAre(1.0F, 0.0F));
  EXPECT_THAT(quantised({1.0F, 0.125F + 0x1p-23F}, DataType::Bfp4B), ElementsAre(1.0F, 0.25F));
}

TEST(QuantiseRun, ClampsInsteadOfRaisingTheExponent) {
  EXPECT_THAT(quantised({1.99F}, DataType::Bfp4B), ElementsAre(1.75F));
  EXPECT_THAT(quantised({-1.999F}, DataType::Bfp8B), ElementsAre(-127.0F / 64));
  // Below the shared exponent there is room.
  EXPECT_THAT(quantised({2.0F, 1.99F}, DataType::Bfp4B), ElementsAre(2.0F, 2.0F));
}

TEST(QuantiseRun, GivesZeroNoSign) {
  const std::vector<float> out = quantised({-0.0F, -1e-9F, 1.0F}, DataType::Bfp8B);
  EXPECT_FALSE(std::signbit(out[0]));
  EXPECT_FALSE(std::signbit(out[1]));
}

TEST(QuantiseRun, FlushesDenormals) {
  constexpr float kDenormal = 0x1.8p-127F;
  EXPECT_THAT(quantised({kDenormal, -kDenormal}, DataType::Bfp8B), ElementsAre(0.0F, 0.0F));
  EXPECT_THAT(quantised({0x1p-126F, kDenormal}, DataType::Bfp8B), ElementsAre(0x1p-126F, 0.0F));
}

TEST(QuantiseRun, KeepsTheSmallestNormalNumbers) {
  EXPECT_THAT(quantised({0x1p-125F, 0x1.1p-126F}, DataType::Bfp8B),
              ElementsAre(0x1p-125F, 0x1.1p-126F));
  EXPECT_THAT(quantised({0x1p-120F, 0x1p-126F}, DataType::Bfp8B),
              ElementsAre(0x1p-120F, 0x1p-126F));
}

TEST(QuantiseRun, LetsInfinityTakeTheWholeRun) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> out = quantised({-kInfinity, 1.0F, 0x1p122F}, DataType::Bfp8B);
  EXPECT_EQ(out[0], -kInfinity);
  EXPECT_EQ(out[1], 0.0F);
  EXPECT_EQ(out[2], 0x1p122F);
  EXPECT_TRUE(std::isnan(
      quantised({std::numeric_limits<float>::quiet_NaN(), 1.0F}, DataType::Bfp8B).front()));
}

TEST(QuantiseRun, IsExactInBfloat16AndIdempotent) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  for (const DataType dtype : kBlockFloats) {
    for (int i = 0; i < 500; ++i) {
      std::vector<float> run(16);
      for (float& value : run) value = normal(random) * std::exp2(normal(random) * 4);
      const std::vector<float> once = quantised(run, dtype);
      EXPECT_EQ(quantised(once, dtype), once);
      for (const float value : once) EXPECT_EQ(to_float(to_bfloat16(value)), value);
    }
  }
}

TEST(QuantiseRun, ErrsByAtMostHalfAStepExceptAtTheTop) {
  std::mt19937 random(12);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (const DataType dtype : kBlockFloats) {
    const int bits = dtype == DataType::Bfp8B ? 7 : 3;
    for (int i = 0; i < 500; ++i) {
      std::vector<float> run(16);
      for (float& value : run) value = uniform(random);
      const std::vector<float> out = quantised(run, dtype);
      float largest = 0;
      for (const float value : run) largest = std::max(largest, std::abs(value));
      const float step = std::ldexp(1.0F, std::ilogb(largest) - (bits - 1));
      const float top = step * static_cast<float>((1 << bits) - 1);
      for (std::size_t j = 0; j < run.size(); ++j) {
        EXPECT_LE(std::abs(out[j] - std::clamp(run[j], -top, top)), step / 2);
      }
    }
  }
}

TEST(PackBlockFloat, PutsExponentsBeforeTheFaces) {
  // Value (row, col) of a tile of zeros but for a few.
  std::vector<float> tile(32 * 32, 0.0F);
  const auto set = [&](std::size_t row, std::size_t col, float value) {
    tile[row * 32 + col] = value;
  };
  set(0, 0, 1.0F);  // Face 0, its row 0.
  set(0, 1, -0.5F);
  set(1, 16, 4.0F);    // Face 1, its row 1.
  set(17, 3, 0.25F);   // Face 2, its row 1.
  set(31, 31, -2.0F);  // Face 3, its row 15.

  const std::vector<std::uint8_t> bytes = pack_block_float(tile, 32, 32, DataType::Bfp8B);
  ASSERT_EQ(bytes.size(), 1088U);
  EXPECT_EQ(bytes[0], 127);
  EXPECT_EQ(bytes[16 + 1], 129);
  EXPECT_EQ(bytes[32 + 1], 125);
  EXPECT_EQ(bytes[48 + 15], 128);
  EXPECT_EQ(std::count(bytes.begin(), bytes.begin() + 64, 0), 60);
  EXPECT_EQ(bytes[64], 0x40);
  EXPECT_EQ(bytes[64 + 1], 0x80 | 0x20);
  EXPECT_EQ(bytes[64 + 256 + 16], 0x40);
  EXPECT_EQ(bytes[64 + 512 + 16 + 3], 0x40);
  EXPECT_EQ(bytes[64 + 1023], 0x80 | 0x40);
  EXPECT_EQ(std::count(bytes.begin() + 64, bytes.end(), 0), 1024 - 5);
}

TEST(PackBlockFloat, PutsTheFirstOfTwoBfp4ValuesInTheLowerBits) {
  std::vector<float> tile(32 * 32, 0.0F);
  tile[0] = 1.0F;
  tile[1] = -0.5F;
  const std::vector<std::uint8_t> bytes = pack_block_float(tile, 32, 32, DataType::Bfp4B);
  ASSERT_EQ(bytes.size(), 576U);
  EXPECT_EQ(bytes[0], 127);
  EXPECT_EQ(bytes[64], 0xa4);
}

TEST(PackBlockFloat, UnpacksToTheQuantisedValues) {
  std::mt19937 random(13);
  std::normal_distribution<float> normal;
  std::vector<float> values(64 * 96);
  for (float& value : values) value = normal(random) * std::exp2(normal(random) * 3);
  for (const DataType dtype : kBlockFloats) {
    std::vector<float> expected(values.size());
    for (std::size_t i = 0; i < values.size(); i += 16) {
      quantise_run(std::span(values).subspan(i, 16), std::span(expected).subspan(i, 16), dtype);
    }
    EXPECT_EQ(unpack_block_float(pack_block_float(values, 64, 96, dtype), 64, 96, dtype), expected);
  }
}

TEST(UnpackBlockFloat, FlushesWhatIsBelowTheNormalNumbers) {
  std::vector<std::uint8_t> bytes(1088, 0);
  bytes[0] = 6;
  bytes[64] = 0x02;  // 2 * 2^(6 - 133) = 2^-126
  bytes[65] = 0x01;
  const std::vector<float> values = unpack_block_float(bytes, 32, 32, DataType::Bfp8B);
  EXPECT_EQ(values[0], 0x1p-126F);
  EXPECT_EQ(values[1], 0.0F);
}

TEST(PackBlockFloat, RejectsWhatIsNotWholeTiles) {
  const std::vector<float> values(33 * 32);
  EXPECT_THAT([&] { return pack_block_float(values, 33, 32, DataType::Bfp8B); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("33 rows and 32 columns")));
  EXPECT_THAT([&] { return pack_block_float(values, 32, 32, DataType::Bfp8B); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("1056 elements, needs 1024")));
  EXPECT_THAT([&] { return pack_block_float(values, 32, 32, DataType::Bfloat16); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("data type is bf16")));
  EXPECT_THROW((void)unpack_block_float(std::vector<std::uint8_t>(10), 32, 32, DataType::Bfp4B),
               std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::mesh
