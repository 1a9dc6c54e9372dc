#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "modules/core_count.hpp"
#include "modules/mlp/mlp_precision.hpp"
#include "modules/mode.hpp"

namespace ttmesh::modules {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Mode, HasTwoNames) {
  EXPECT_EQ(parse_mode(name(Mode::Decode)), Mode::Decode);
  EXPECT_EQ(parse_mode(name(Mode::Prefill)), Mode::Prefill);
  EXPECT_THAT([] { (void)parse_mode("train"); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("mode is 'train', must be 'decode' or 'prefill'")));
}

TEST(MlpPrecision, MixedIsBfp4AndBfp8) {
  const MlpPrecision mixed = parse_mlp_precision("mixed");
  EXPECT_EQ(mixed.gate_up, mesh::DataType::Bfp4B);
  EXPECT_EQ(mixed.down, mesh::DataType::Bfp8B);
  EXPECT_EQ(mixed.pcc, 0.98);
}

TEST(MlpPrecision, OfOneFormatIsThatFormat) {
  for (const char* text : {"bf16", "bfp8_b", "bfp4_b", "f32"}) {
    const MlpPrecision precision = parse_mlp_precision(text);
    EXPECT_EQ(precision.gate_up, mesh::parse_dtype(text));
    EXPECT_EQ(precision.down, mesh::parse_dtype(text));
  }
}

TEST(MlpPrecision, RefusesOtherNames) {
  EXPECT_THAT([] { (void)parse_mlp_precision("int32"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("bf16, bfp8_b, bfp4_b, f32, mixed")));
}

TEST(CoreCount, DividesBothCountsOfTiles) {
  EXPECT_EQ(largest_core_count(256, 112), 16);  // dim 8192, hidden 28672 over 8 chips
  EXPECT_EQ(largest_core_count(128, 448), 64);  // dim 4096, hidden 14336 on one
  EXPECT_EQ(largest_core_count(11, 22), 1);     // 11 cores are no rectangle of 8x8
}

TEST(CoreCount, OfAResidualIsNearestTo32) {
  EXPECT_EQ(residual_core_count(32), 32);
  EXPECT_EQ(residual_core_count(16), 16);
  EXPECT_EQ(residual_core_count(20), 20);
  EXPECT_EQ(residual_core_count(96), 32);
  EXPECT_EQ(residual_core_count(13), 1);
}

}  // namespace
}  // namespace ttmesh::modules
