#include "ops/pad.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Dims = std::vector<std::int64_t>;

OpTrial trial(const TensorSpec& input, Dims front, Dims back, double value = 0) {
  return OpTrial("pad", {{"front", std::move(front)}, {"back", std::move(back)}, {"value", value}},
                 {input});
}

TEST(Pad, PutsValuesAroundTheTensor) {
  for (const DataType dtype : {DataType::Float32, DataType::Bfloat16}) {
    const TensorSpec input{.shape = {2, 2}, .dtype = dtype};
    const mesh::Shard x = shard_with(input, {1, 2, 3, 4});
    EXPECT_THAT(floats(trial(input, {0, 1}, {1, 0}, -7).run({x})),
                ElementsAre(-7, 1, 2, -7, 3, 4, -7, -7, -7));
    EXPECT_THAT(floats(trial(input, {0, 0}, {0, 2}).run({x})), ElementsAre(1, 2, 0, 0, 3, 4, 0, 0));
  }
}

TEST(Pad, PadsIntegers) {
  const TensorSpec input{.shape = {1, 2}, .dtype = DataType::Int32};
  EXPECT_THAT(integers(trial(input, {0, 0}, {0, 2}, -1).run({int_shard({1, 2}, {8, 9})})),
              ElementsAre(8, 9, -1, -1));
}

TEST(Pad, RoundsThePaddingToTheFormat) {
  const TensorSpec input{.shape = {1, 16}, .dtype = DataType::Bfp4B};
  const mesh::Shard x = shard_with(input, std::vector<float>(16, 1.0F));
  const std::vector<float> got = floats(trial(input, {0, 1}, {0, 0}, 100).run({x}));
  EXPECT_EQ(got[0], 96.0F);
  EXPECT_EQ(got[1], 0.0F) << "shares the exponent of 100 now";
  EXPECT_EQ(got[16], 1.0F) << "has a run of its own";
}

TEST(Pad, PadsASumOwedWithZeros) {
  const TensorSpec input{
      .shape = {1, 1, 30, 64},
      .distribution = {.mesh = {2, 4}, .placements = {mesh::shard(3), mesh::partial()}}};
  const TensorSpec out = trial(input, {0, 0, 0, 0}, {0, 0, 2, 0}).infer();
  EXPECT_EQ(out.shape, (mesh::Shape{1, 1, 32, 64}));
  EXPECT_EQ(out.distribution, input.distribution);
  EXPECT_THAT(refusal([&] {
                return trial(input, {0, 0, 0, 0}, {0, 0, 2, 0}, 1).infer();
              }),
              HasSubstr("input is Partial along cluster_axis 1"));
}

TEST(Pad, RefusesPaddingThatDoesNotFit) {
  const TensorSpec input{
      .shape = {4, 1, 32, 64},
      .distribution = {.mesh = {1, 4}, .placements = {mesh::replicate(), mesh::stacked(0)}}};
  const auto refused = [&](Dims front, Dims back) {
    return refusal([&] { return trial(input, front, back).infer(); });
  };
  EXPECT_THAT(refused({0, 0, 0, 0, 1}, {0, 0, 0, 0, 0}),
              HasSubstr("5 paddings for [4, 1, 32, 64]"));
  EXPECT_THAT(refused({0, 0, -1, 0}, {0, 0, 0, 0}), HasSubstr("-1 in front of and 0 after dim 2"));
  EXPECT_THAT(refused({1, 0, 0, 0}, {0, 0, 0, 0}), HasSubstr("needs fast_reduce_nc over it first"));
  EXPECT_EQ(refused({0, 0, 0, 0}, {0, 1, 0, 0}), "accepted");
}

TEST(Pad, ReadsTheTensorAndWritesTheResult) {
  const auto work = std::get<sim::StreamWork>(trial({.shape = {32, 64}}, {0, 0}, {32, 0}).cost());
  EXPECT_EQ(work.dram_bytes, (2 + 4) * 2048);
}

}  // namespace
}  // namespace ttmesh::ops
