#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "ops/integer_values.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

OpTrial argmax(const TensorSpec& input, bool keepdim = false, int dim = -1) {
  return OpTrial("argmax", {{"dim", std::int64_t{dim}}, {"keepdim", keepdim}}, {input});
}

OpTrial topk(const TensorSpec& input, std::int64_t k, bool largest = true, int dim = -1) {
  return OpTrial("topk", {{"k", k}, {"dim", std::int64_t{dim}}, {"largest", largest}}, {input});
}

TensorSpec sharded(mesh::Placement columns) {
  return {.shape = {1, 1, 32, 64},
          .distribution = {.mesh = {2, 4}, .placements = {mesh::shard(2), columns}}};
}

TEST(Argmax, NamesTheFirstOfTheLargest) {
  const TensorSpec input{.shape = {3, 4}, .dtype = DataType::Float32};
  const mesh::Shard x = shard_with(input, {0, 3, 1, 3, -5, -4, -9, -4.5F, 7, 7, 7, 7});
  EXPECT_THAT(integer_values(argmax(input).run({x}).block()), ElementsAre(1, 1, 0));
}

TEST(Argmax, FindsTheLargestOfLongRows) {
  const TensorSpec input{.shape = {4, 1003}, .dtype = DataType::Bfloat16};
  const mesh::Shard x = random_shard(input, 1);
  const std::vector<float> values = floats(x);
  std::vector<std::int64_t> want;
  for (auto row = values.begin(); row != values.end(); row += 1003) {
    want.push_back(std::max_element(row, row + 1003) - row);
  }
  EXPECT_EQ(integer_values(argmax(input).run({x}).block()), want);
}

TEST(Argmax, NamesAnIndexOfARowOfNans) {
  const TensorSpec input{.shape = {1, 3}, .dtype = DataType::Float32};
  const mesh::Shard x =
      shard_with(input, std::vector<float>(3, std::numeric_limits<float>::quiet_NaN()));
  EXPECT_THAT(integer_values(argmax(input).run({x}).block()), ElementsAre(0));
}

TEST(Argmax, DropsOrKeepsTheDim) {
  const TensorSpec input{.shape = {1, 1, 32, 64}};
  EXPECT_EQ(to_string(argmax(input).infer()),
            "[1, 1, 32] uint32 row_major dram [Replicate, Replicate]");
  EXPECT_EQ(argmax(input, true).infer().shape, (mesh::Shape{1, 1, 32, 1}));
  EXPECT_EQ(argmax({.shape = {64}}).infer().shape, (mesh::Shape{1}));
  EXPECT_EQ(std::get<sim::StreamWork>(argmax(input).cost()).dram_bytes, 2 * 2048 + 32 * 4);
}

TEST(Argmax, RefusesPartsOfRows) {
  const auto refused = [](const TensorSpec& input, int dim = -1) {
    return refusal([&] { return argmax(input, false, dim).infer(); });
  };
  EXPECT_THAT(refused(sharded(mesh::shard(3))),
              HasSubstr("all_gather with dim 3 and cluster_axis 1 first"));
  EXPECT_THAT(refused(sharded(mesh::partial())), HasSubstr("Partial along cluster_axis 1"));
  EXPECT_THAT(refused(sharded(mesh::replicate()), 1), HasSubstr("needs the last"));
  EXPECT_EQ(argmax(sharded(mesh::replicate())).infer().distribution.along(0), mesh::shard(2));
}

TEST(Topk, SortsTheBestOfEachRow) {
  const TensorSpec input{.shape = {2, 5}, .dtype = DataType::Float32};
  const mesh::Shard x = shard_with(input, {1, 5, 3, 5, 4, -1, -2, -3, -4, -1});
  const auto best = topk(input, 3).run_all({x});
  EXPECT_THAT(floats(best[0]), ElementsAre(5, 5, 4, -1, -1, -2));
  EXPECT_THAT(integer_values(best[1].block()), ElementsAre(1, 3, 4, 0, 4, 1));
  const auto worst = topk(input, 2, false).run_all({x});
  EXPECT_THAT(floats(worst[0]), ElementsAre(1, 3, -4, -3));
  EXPECT_THAT(integer_values(worst[1].block()), ElementsAre(0, 2, 3, 2));
}

TEST(Topk, PutsNansLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const TensorSpec input{.shape = {1, 4}, .dtype = DataType::Float32};
  const mesh::Shard x = shard_with(input, {nan, 2, nan, 5});
  EXPECT_THAT(integer_values(topk(input, 4).run_all({x})[1].block()), ElementsAre(3, 1, 0, 2));
  EXPECT_THAT(integer_values(topk(input, 4, false).run_all({x})[1].block()),
              ElementsAre(1, 3, 0, 2));
}

TEST(Topk, AgreesWithSortingLongRows) {
  const TensorSpec input{.shape = {1, 5000}, .dtype = DataType::Bfloat16};
  const mesh::Shard x = random_shard(input, 1);
  const std::vector<float> values = floats(x);
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return values[static_cast<std::size_t>(a)] > values[static_cast<std::size_t>(b)];
  });
  order.resize(32);
  EXPECT_EQ(integer_values(topk(input, 32).run_all({x})[1].block()), order);
}

TEST(Topk, TakesEachChipsOwn) {
  const auto outputs = topk(sharded(mesh::shard(3)), 32).infer_all();
  EXPECT_EQ(mesh::to_string(outputs[0].distribution), "[Shard(2), Shard(3)]");
  EXPECT_EQ(outputs[1].distribution, outputs[0].distribution);
  EXPECT_EQ(outputs[0].dtype, DataType::Bfloat16);
  EXPECT_EQ(outputs[1].dtype, DataType::UInt16);
  EXPECT_EQ(outputs[1].shape, (mesh::Shape{1, 1, 32, 32}));
  EXPECT_EQ(topk({.shape = {1, 65536}}, 1).infer_all()[1].dtype, DataType::UInt32);
}

TEST(Topk, PaysForAPassADoubling) {
  const auto work = std::get<sim::StreamWork>(topk({.shape = {32, 1024}}, 32).cost());
  EXPECT_EQ(work.tiles, 32);
  EXPECT_EQ(work.cycles_per_tile, 10 * 32);
  EXPECT_EQ(work.dram_bytes, (32 + 2) * 2048);
}

TEST(Topk, RefusesKOutOfRangeAndSumsOwed) {
  const auto refused = [](const TensorSpec& input, std::int64_t k, int dim = -1) {
    return refusal([&] { return topk(input, k, true, dim).infer(); });
  };
  EXPECT_THAT(refused({.shape = {1, 16}}, 17), HasSubstr("k is 17, needs 1 to the 16 values"));
  EXPECT_THAT(refused({.shape = {1, 16}}, 0), HasSubstr("k is 0"));
  EXPECT_THAT(refused({.shape = {4, 16}}, 1, 0), HasSubstr("needs the last"));
  EXPECT_THAT(refused(sharded(mesh::partial()), 1), HasSubstr("Partial along cluster_axis 1"));
}

}  // namespace
}  // namespace ttmesh::ops
