#include "ops/slice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::HasSubstr;
using Dims = std::vector<std::int64_t>;

OpTrial trial(const TensorSpec& input, Dims begin, Dims end) {
  return OpTrial("slice", {{"begin", std::move(begin)}, {"end", std::move(end)}}, {input});
}

TEST(Slice, CutsABoxOutOfEveryDim) {
  const TensorSpec input{.shape = {3, 4, 5}, .dtype = DataType::Float32};
  std::vector<float> numbers(60);
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  const mesh::Shard x = shard_with(input, numbers);
  struct Box {
    Dims begin;
    Dims end;
  };
  for (const Box& box :
       {Box{{0, 0, 0}, {3, 4, 5}}, Box{{1, 0, 0}, {2, 4, 5}}, Box{{0, 1, 0}, {3, 3, 5}},
        Box{{2, 1, 3}, {3, 4, 5}}, Box{{0, 0, 4}, {3, 4, 5}}, Box{{1, 2, 3}, {2, 3, 4}}}) {
    std::vector<float> want;
    for (std::int64_t i = box.begin[0]; i < box.end[0]; ++i) {
      for (std::int64_t j = box.begin[1]; j < box.end[1]; ++j) {
        for (std::int64_t k = box.begin[2]; k < box.end[2]; ++k) {
          want.push_back(static_cast<float>((i * 4 + j) * 5 + k));
        }
      }
    }
    const mesh::Shard out = trial(input, box.begin, box.end).run({x});
    EXPECT_EQ(floats(out), want);
    EXPECT_EQ(out.shape(), trial(input, box.begin, box.end).infer().shape);
  }
}

TEST(Slice, RoundsBlockFloatsAgainWhereTheirRunsFallDifferently) {
  const TensorSpec input{.shape = {1, 32}, .dtype = DataType::Bfp8B};
  std::vector<float> numbers(32, 8.0F);
  std::fill(numbers.begin() + 16, numbers.end(), 0.03125F);
  const mesh::Shard x = shard_with(input, numbers);
  EXPECT_THAT(floats(trial(input, {0, 16}, {1, 32}).run({x})), testing::Each(0.03125F));
  const std::vector<float> astride = floats(trial(input, {0, 8}, {1, 24}).run({x}));
  EXPECT_EQ(astride[0], 8.0F);
  EXPECT_EQ(astride[8], 0.0F);
}

TEST(Slice, KeepsIntegers) {
  const TensorSpec input{.shape = {2, 3}, .dtype = DataType::Int32};
  const mesh::Shard x = int_shard({2, 3}, {1, 2, 3, 4, 5, 1 << 30});
  EXPECT_THAT(integers(trial(input, {0, 1}, {2, 3}).run({x})),
              testing::ElementsAre(2, 3, 5, 1 << 30));
}

TEST(Slice, CutsEachChipsPartOfAShardedDim) {
  const TensorSpec input{
      .shape = {1, 1, 32, 128},
      .distribution = {.mesh = {2, 4}, .placements = {mesh::partial(), mesh::shard(3)}}};
  const TensorSpec out = trial(input, {0, 0, 0, 0}, {1, 1, 32, 96}).infer();
  EXPECT_EQ(out.distribution, input.distribution);
  EXPECT_EQ(mesh::global_shape(out.shape, out.distribution), (mesh::Shape{1, 1, 32, 384}));
}

TEST(Slice, ReadsAndWritesWhatItKeeps) {
  const TensorSpec input{.shape = {1, 1, 64, 128}};
  const auto work = std::get<sim::StreamWork>(trial(input, {0, 0, 0, 0}, {1, 1, 32, 64}).cost());
  EXPECT_EQ(work.dram_bytes, 2 * 2 * 2048);
}

TEST(Slice, RefusesEmptyOrOutlyingRangesAndStackedDims) {
  const TensorSpec input{
      .shape = {4, 1, 32, 64},
      .distribution = {.mesh = {2, 4}, .placements = {mesh::replicate(), mesh::stacked(0)}}};
  const auto infer = [&](Dims begin, Dims end) {
    return refusal([&] { return trial(input, begin, end).infer(); });
  };
  EXPECT_EQ(infer({0, 0, 0, 0}, {4, 1, 33, 64}),
            "[slice] range [0, 33) of dim 2, needs a non-empty one within [0, 32)");
  EXPECT_THAT(infer({0, 0, 8, 0}, {4, 1, 8, 64}), HasSubstr("range [8, 8) of dim 2"));
  EXPECT_THAT(infer({0, 0}, {4, 1}), HasSubstr("2 begins and 2 ends for [4, 1, 32, 64], needs 4"));
  EXPECT_THAT(infer({0, 0, 0, 0}, {2, 1, 32, 64}), HasSubstr("needs fast_reduce_nc"));
  EXPECT_EQ(infer({0, 0, 0, 0}, {4, 1, 8, 64}), "accepted");
}

}  // namespace
}  // namespace ttmesh::ops
