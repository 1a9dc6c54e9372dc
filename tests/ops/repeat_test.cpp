#include "ops/repeat.hpp"

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

OpTrial trial(const TensorSpec& input, Dims repetitions) {
  return OpTrial("repeat", {{"repetitions", std::move(repetitions)}}, {input});
}

TEST(Repeat, RepeatsAlongEachDim) {
  for (const DataType dtype : {DataType::Float32, DataType::Bfloat16}) {
    const TensorSpec input{.shape = {2, 2}, .dtype = dtype};
    const mesh::Shard x = shard_with(input, {1, 2, 3, 4});
    EXPECT_THAT(floats(trial(input, {2, 1}).run({x})), ElementsAre(1, 2, 3, 4, 1, 2, 3, 4));
    EXPECT_THAT(floats(trial(input, {1, 2}).run({x})), ElementsAre(1, 2, 1, 2, 3, 4, 3, 4));
    EXPECT_EQ(floats(trial(input, {2, 3}).run({x})).size(), 24U);
  }
}

TEST(Repeat, RoundsBlockFloatsAgainWhereRunsChange) {
  const TensorSpec input{.shape = {1, 24}, .dtype = DataType::Bfp8B};
  std::vector<float> numbers(24, 0.03125F);
  numbers[0] = 8.0F;
  const mesh::Shard x = shard_with(input, numbers);
  EXPECT_EQ(floats(x)[16], 0.03125F);
  EXPECT_EQ(floats(trial(input, {1, 2}).run({x}))[16], 0.0F);
}

TEST(Repeat, KeepsPlacements) {
  const TensorSpec input{
      .shape = {1, 1, 32, 64},
      .distribution = {.mesh = {2, 4}, .placements = {mesh::shard(2), mesh::partial()}}};
  const TensorSpec out = trial(input, {1, 4, 1, 1}).infer();
  EXPECT_EQ(out.shape, (mesh::Shape{1, 4, 32, 64}));
  EXPECT_EQ(out.distribution, input.distribution);
}

TEST(Repeat, RefusesNumbersThatDoNotFit) {
  const TensorSpec input{
      .shape = {4, 32, 64},
      .distribution = {.mesh = {1, 4}, .placements = {mesh::replicate(), mesh::stacked(0)}}};
  const auto refused = [&](Dims repetitions) {
    return refusal([&] { return trial(input, repetitions).infer(); });
  };
  EXPECT_THAT(refused({1, 2}), HasSubstr("needs a positive number for each dim"));
  EXPECT_THAT(refused({1, 0, 1}), HasSubstr("repetitions [1, 0, 1]"));
  EXPECT_THAT(refused({2, 1, 1}), HasSubstr("needs fast_reduce_nc over it first"));
}

TEST(Repeat, ReadsOnceAndWritesTheResult) {
  const auto work = std::get<sim::StreamWork>(trial({.shape = {32, 64}}, {3, 1}).cost());
  EXPECT_EQ(work.dram_bytes, (2 + 6) * 2048);
}

}  // namespace
}  // namespace ttmesh::ops
