#include "ops/reshape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::partial;
using mesh::Placement;
using mesh::replicate;
using mesh::Shape;
using mesh::shard;
using mesh::stacked;
using mesh::TensorSpec;
using ::testing::HasSubstr;

TensorSpec placed(Shape shape, Placement rows, Placement cols, int outer_axis = 0) {
  return {.shape = std::move(shape),
          .distribution = {.mesh = {2, 4}, .placements = {rows, cols}, .outer_axis = outer_axis}};
}

OpTrial trial(const TensorSpec& input, std::vector<std::int64_t> shape) {
  return OpTrial("reshape", {{"shape", std::move(shape)}}, {input});
}

std::string flow(const TensorSpec& input, const std::vector<std::int64_t>& shape) {
  std::string text;
  const std::string refused = refusal([&] {
    text = mesh::to_string(trial(input, shape).infer().distribution);
    return text;
  });
  return refused == "accepted" ? text : refused;
}

TEST(Reshape, FindsTheOpenExtent) {
  const TensorSpec input{.shape = {1, 4, 512, 64}};
  EXPECT_EQ(trial(input, {1, 1, -1, 64}).infer().shape, (Shape{1, 1, 2048, 64}));
}

TEST(Reshape, RefusesOtherVolumesAndOddExtents) {
  const TensorSpec input{.shape = {1, 1, 32, 64}};
  EXPECT_EQ(refusal([&] {
              return trial(input, {1, 1, 32, 65}).infer();
            }),
            "[reshape] [1, 1, 32, 64] has 2048 values on each chip, [1, 1, 32, 65] needs 2080");
  EXPECT_THAT(refusal([&] {
                return trial(input, {-1, 3, 32, 64}).infer();
              }),
              HasSubstr("has 2048 values"));
  EXPECT_THAT(refusal([&] {
                return trial(input, {-1, -1, 32, 64}).infer();
              }),
              HasSubstr("extent -1 of dim 1, needs positive extents and at most one -1"));
  EXPECT_THAT(refusal([&] {
                return trial(input, {1, 0, 32, 64}).infer();
              }),
              HasSubstr("extent 0 of dim 1"));
}

TEST(Reshape, CarriesShardsToTheDimWithAsManyValuesBefore) {
  const auto cols = [](Shape shape, int dim) {
    return placed(std::move(shape), replicate(), shard(dim));
  };
  EXPECT_EQ(flow(cols({1, 1, 32, 512}, 3), {1, 32, 1, 512}), "[Replicate, Shard(3)]");
  EXPECT_EQ(flow(cols({1, 1, 32, 512}, 3), {32, 512}), "[Replicate, Shard(1)]");
  EXPECT_EQ(flow(cols({32, 512}, 1), {1, 1, 32, 512}), "[Replicate, Shard(3)]");
  EXPECT_EQ(flow(cols({1, 1, 2048, 64}, 2), {1, 4, 512, 64}), "[Replicate, Shard(1)]");
  EXPECT_EQ(flow(cols({1, 4, 512, 64}, 1), {1, 1, 2048, 64}), "[Replicate, Shard(2)]");
  EXPECT_EQ(flow(cols({1, 1, 32, 512}, 3), {1, 32, 8, 64}), "[Replicate, Shard(2)]");
  EXPECT_EQ(flow(cols({1, 8, 32, 64}, 1), {8, 32, 64}), "[Replicate, Shard(0)]");
}

TEST(Reshape, PrefersTheSameDimAmongExtentsOfOne) {
  const auto cols = [](Shape shape, int dim) {
    return placed(std::move(shape), replicate(), shard(dim));
  };
  EXPECT_EQ(flow(cols({1, 1, 32, 64}, 1), {1, 1, 64, 32}), "[Replicate, Shard(1)]");
  EXPECT_EQ(flow(cols({1, 1, 1, 64}, 2), {1, 64}), "[Replicate, Shard(0)]");
}

TEST(Reshape, LetsSumsOwedPass) {
  EXPECT_EQ(flow(placed({1, 1, 32, 64}, partial(), shard(3)), {1, 32, 1, 64}),
            "[Partial, Shard(3)]");
  EXPECT_EQ(flow(placed({4, 1, 32, 64}, replicate(), stacked(0)), {4, 32, 1, 64}),
            "[Replicate, Stacked(0)]");
  EXPECT_THAT(flow(placed({4, 1, 32, 64}, replicate(), stacked(0)), {1, 1, 128, 64}),
              HasSubstr("no dim of the new shape has the 1 values of dim 0 before it"));
}

TEST(Reshape, KeepsTheOrderOfNestedShards) {
  EXPECT_EQ(flow(placed({1, 1, 32, 512}, shard(3), shard(3), 1), {32, 512}),
            "[Shard(1), Shard(1)] columns outermost");
}

TEST(Reshape, NestsShardsOfDimsThatBecomeOne) {
  EXPECT_EQ(flow(placed({1, 8, 32, 64}, shard(1), shard(0)), {8, 32, 64}),
            "[Shard(0), Shard(0)] columns outermost");
  EXPECT_EQ(flow(placed({1, 8, 32, 64}, shard(0), shard(1)), {8, 32, 64}), "[Shard(0), Shard(0)]");
}

TEST(Reshape, RefusesAShardWithoutCounterpart) {
  EXPECT_EQ(flow(placed({1, 1, 32, 512}, replicate(), shard(3)), {1, 1, 1, 16384}),
            "[reshape] [1, 1, 32, 512] to [1, 1, 1, 16384]: no dim of the new shape has the 32 "
            "values of dim 3 before it, which is sharded along cluster_axis 1; needs one, or "
            "all_gather with cluster_axis 1 first");
  EXPECT_THAT(flow(placed({5, 1, 1, 3}, shard(1), shard(2)), {1, 5, 1, 1, 1, 3}),
              HasSubstr("would change order among extents of 1"));
}

TEST(Reshape, IsAViewWhereTilesStayAsTheyAre) {
  const auto is_view = [](Shape from, std::vector<std::int64_t> to, mesh::Layout layout) {
    const TensorSpec input{.shape = std::move(from), .layout = layout};
    return std::holds_alternative<sim::NoWork>(trial(input, std::move(to)).cost());
  };
  using mesh::Layout;
  EXPECT_TRUE(is_view({1, 4, 512, 64}, {1, 1, 2048, 64}, Layout::Tile));
  EXPECT_TRUE(is_view({4, 8, 20, 64}, {1, 32, 20, 64}, Layout::Tile));
  EXPECT_FALSE(is_view({1, 32, 1, 64}, {1, 1, 32, 64}, Layout::Tile));
  EXPECT_FALSE(is_view({1, 1, 32, 64}, {1, 1, 64, 32}, Layout::Tile));
  EXPECT_TRUE(is_view({1, 32, 1, 64}, {1, 1, 32, 64}, Layout::RowMajor));
  EXPECT_FALSE(is_view({1, 1, 32, 64}, {1, 1, 64, 32}, Layout::RowMajor));
}

TEST(Reshape, CopiesThroughMemoryWhereTilesChange) {
  const auto work =
      std::get<sim::StreamWork>(trial({.shape = {1, 32, 1, 64}}, {1, 1, 32, 64}).cost());
  EXPECT_EQ(work.tiles, 0);
  EXPECT_EQ(work.dram_bytes, (64 + 2) * 2048);
}

TEST(Reshape, KeepsValuesInOrderWithoutACopy) {
  const TensorSpec input{.shape = {2, 3, 4}, .dtype = DataType::Float32};
  std::vector<float> numbers(24);
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  const mesh::Shard x = shard_with(input, numbers);
  const mesh::Shard y = trial(input, {6, 4}).run({x});
  EXPECT_EQ(y.shape(), (Shape{6, 4}));
  EXPECT_EQ(floats(y), numbers);
  EXPECT_EQ(y.block().plain(), x.block().plain());
}

TEST(Reshape, RoundsBlockFloatsAgainWhereTheirRunsChange) {
  // 8 and 0.0625 apart in two rows; in one run they share 8's exponent, which drops the small one.
  const TensorSpec input{.shape = {2, 8}, .dtype = DataType::Bfp8B};
  std::vector<float> numbers(16, 0.0F);
  numbers[0] = 8.0F;
  numbers[8] = 0.03125F;
  const mesh::Shard x = shard_with(input, numbers);
  EXPECT_EQ(floats(x)[8], 0.03125F);
  const std::vector<float> joined = floats(trial(input, {1, 16}).run({x}));
  EXPECT_EQ(joined[0], 8.0F);
  EXPECT_EQ(joined[8], 0.0F);
}

}  // namespace
}  // namespace ttmesh::ops
