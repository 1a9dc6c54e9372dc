#include "ops/typecast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "mesh/tensor/convert.hpp"
#include "tests/ops/op_trial.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::ElementsAre;

OpTrial trial(const TensorSpec& input, DataType dtype) {
  return OpTrial("typecast", {{"dtype", std::string(mesh::name(dtype))}}, {input});
}

class TypecastFormats : public testing::TestWithParam<DataType> {};

TEST_P(TypecastFormats, RoundsAsTheFormatDoes) {
  const TensorSpec input{.shape = {3, 40}, .dtype = DataType::Float32};
  const mesh::Shard x = random_shard(input, 1);
  const std::vector<float> before = floats(x);
  std::vector<float> want(before.size());
  mesh::quantise(before, want, GetParam(), 40);
  const mesh::Shard out = trial(input, GetParam()).run({x});
  EXPECT_EQ(floats(out), want);
  EXPECT_EQ(out.block().type(), mesh::held_type(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(All, TypecastFormats,
                         testing::Values(DataType::Float32, DataType::Bfloat16, DataType::Bfp8B,
                                         DataType::Bfp4B));

TEST(Typecast, TruncatesAndSaturatesToIntegers) {
  const TensorSpec input{.shape = {1, 5}, .dtype = DataType::Float32};
  const mesh::Shard x =
      shard_with(input, {1.9F, -1.9F, 3e9F, -5e9F, std::numeric_limits<float>::quiet_NaN()});
  EXPECT_THAT(integers(trial(input, DataType::Int32).run({x})),
              ElementsAre(1, -1, 2147483647, -2147483647 - 1, 0));
  const auto shorts = std::get<std::vector<std::uint16_t>>(
      mesh::to_host(trial(input, DataType::UInt16).run({x})).values);
  EXPECT_THAT(shorts, ElementsAre(1, 0, 65535, 0, 0));
}

TEST(Typecast, ConvertsIntegersToFloatsAndOtherIntegers) {
  const TensorSpec input{.shape = {1, 3}, .dtype = DataType::Int32};
  const mesh::Shard x = int_shard({1, 3}, {-5, 257, 1 << 30});
  EXPECT_THAT(floats(trial(input, DataType::Bfloat16).run({x})),
              ElementsAre(-5, 256, static_cast<float>(1 << 30)));
  const auto words = std::get<std::vector<std::uint32_t>>(
      mesh::to_host(trial(input, DataType::UInt32).run({x})).values);
  EXPECT_THAT(words, ElementsAre(0, 257, 1 << 30));
}

TEST(Typecast, LetsEveryPlacementPass) {
  const TensorSpec input{
      .shape = {1, 1, 32, 64},
      .distribution = {.mesh = {2, 4}, .placements = {mesh::partial(), mesh::stacked(0)}}};
  EXPECT_EQ(trial(input, DataType::Bfp8B).infer().distribution, input.distribution);
}

TEST(Typecast, ReadsOneFormatAndWritesTheOther) {
  const auto work = std::get<sim::StreamWork>(
      trial({.shape = {1, 1, 32, 64}, .memory = mesh::kL1Interleaved}, DataType::Bfp4B).cost());
  EXPECT_EQ(work.tiles, 2);
  EXPECT_EQ(work.cycles_per_tile, 8);
  EXPECT_EQ(work.l1_bytes, 2 * (2048 + 576));
}

TEST(Typecast, RefusesRowMajorBlockFloats) {
  const TensorSpec input{.shape = {32, 32}, .layout = mesh::Layout::RowMajor};
  EXPECT_THROW(trial(input, DataType::Bfp8B).infer(), std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::ops
