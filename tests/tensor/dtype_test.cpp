#include "mesh/tensor/dtype.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::array kAll{DataType::Float32, DataType::Bfloat16, DataType::Bfp8B, DataType::Bfp4B,
                          DataType::Int32,   DataType::UInt32,   DataType::UInt16};

TEST(DataType, ParsesTheNameItPrints) {
  for (const DataType dtype : kAll) EXPECT_EQ(parse_dtype(name(dtype)), dtype);
}

TEST(DataType, ListsTheNamesWhenOneIsUnknown) {
  EXPECT_THAT([] { return parse_dtype("fp8"); },
              ThrowsMessage<std::invalid_argument>(
                  AllOf(HasSubstr("'fp8'"), HasSubstr("f32, bf16, bfp8_b, bfp4_b"))));
}

TEST(DataType, HasTheTileSizesOfTheHardware) {
  EXPECT_EQ(tile_bytes(DataType::Float32), 4096);
  EXPECT_EQ(tile_bytes(DataType::Bfloat16), 2048);
  EXPECT_EQ(tile_bytes(DataType::Bfp8B), 1088);
  EXPECT_EQ(tile_bytes(DataType::Bfp4B), 576);
}

TEST(DataType, GivesBlockFloatsNoElementSize) {
  EXPECT_EQ(element_bytes(DataType::UInt16), 2);
  EXPECT_THAT([] { return element_bytes(DataType::Bfp4B); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("bfp4_b")));
}

TEST(DataType, HoldsEveryBlockFloatAsBfloat16) {
  for (const DataType dtype : kAll) {
    if (is_block_float(dtype)) {
      EXPECT_EQ(held_type(dtype), HeldType::Bfloat16);
    } else {
      EXPECT_EQ(held_bytes(held_type(dtype)), element_bytes(dtype));
    }
  }
}

TEST(Bfloat16, RoundsToNearestEven) {
  EXPECT_EQ(to_bfloat16(1.0F).bits, 0x3f80);
  EXPECT_EQ(to_bfloat16(1.0F + 0x1p-8F).bits, 0x3f80);             // Tie, even below.
  EXPECT_EQ(to_bfloat16(1.0F + 0x1p-8F + 0x1p-20F).bits, 0x3f81);  // Past the tie.
  EXPECT_EQ(to_bfloat16(1.0F + 3 * 0x1p-8F).bits, 0x3f82);         // Tie, even above.
  EXPECT_EQ(to_bfloat16(-3.0F).bits, 0xc040);
}

TEST(Bfloat16, KeepsSpecialValues) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(to_float(to_bfloat16(kInfinity)), kInfinity);
  EXPECT_EQ(to_float(to_bfloat16(-kInfinity)), -kInfinity);
  EXPECT_EQ(to_float(to_bfloat16(std::numeric_limits<float>::max())), kInfinity);
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16(std::bit_cast<float>(0x7f800001U)))));
  EXPECT_TRUE(std::signbit(to_float(to_bfloat16(-0.0F))));
}

TEST(Bfloat16, IsExactInFloat32) {
  for (std::uint32_t bits = 0; bits <= 0xffffU; ++bits) {
    const Bfloat16 value{static_cast<std::uint16_t>(bits)};
    if (std::isnan(to_float(value))) continue;
    EXPECT_EQ(to_bfloat16(to_float(value)), value);
  }
}

}  // namespace
}  // namespace ttmesh::mesh
