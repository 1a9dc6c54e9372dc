#include "ops/softmax.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::HasSubstr;

OpTrial trial(const TensorSpec& input, int dim = -1) {
  return OpTrial("softmax",
                 {{"dim", std::int64_t{dim}},
                  {"dtype", std::string(mesh::name(input.dtype))},
                  {"memory", std::string("dram")}},
                 {input});
}

TEST(Softmax, NormalisesRowsOfEveryLength) {
  for (const std::int64_t length : {1, 3, 16, 33, 1000}) {
    const TensorSpec input{.shape = {5, length}, .dtype = DataType::Float32};
    const mesh::Shard x = random_shard(input, 1);
    const std::vector<float> values = floats(x);
    const std::vector<float> got = floats(trial(input).run({x}));
    for (std::int64_t first = 0; first < 5 * length; first += length) {
      double total = 0;
      for (std::int64_t i = first; i < first + length; ++i) {
        total += std::exp(double{values[static_cast<std::size_t>(i)]});
      }
      for (std::int64_t i = first; i < first + length; ++i) {
        const auto at = static_cast<std::size_t>(i);
        ASSERT_NEAR(got[at], std::exp(double{values[at]}) / total, 1e-6);
      }
    }
  }
}

TEST(Softmax, StaysFiniteFarFromZero) {
  const float none = -std::numeric_limits<float>::infinity();
  const TensorSpec input{.shape = {3, 2}, .dtype = DataType::Float32};
  EXPECT_THAT(floats(trial(input).run({shard_with(input, {1e6F, 1e6F, -1e6F, 0, none, 2})})),
              testing::ElementsAre(0.5F, 0.5F, 0, 1, 0, 1));
}

TEST(Softmax, HidesNoNan) {
  const TensorSpec input{.shape = {1, 40}, .dtype = DataType::Float32};
  for (const std::size_t at : {0U, 17U, 39U}) {
    std::vector<float> numbers(40, 1.0F);
    numbers[at] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> got = floats(trial(input).run({shard_with(input, numbers)}));
    for (const float value : got) EXPECT_TRUE(std::isnan(value));
  }
}

TEST(Softmax, RoundsOnceToTheOutputsFormat) {
  const TensorSpec input{.shape = {4, 64}, .dtype = DataType::Bfloat16};
  const TensorSpec exact{.shape = {4, 64}, .dtype = DataType::Float32};
  const mesh::Shard x = random_shard(input, 1);
  std::vector<float> want = floats(trial(exact).run({shard_with(exact, floats(x))}));
  mesh::quantise(want, want, DataType::Bfloat16, 64);
  EXPECT_EQ(floats(trial(input).run({x})), want);
}

TEST(Softmax, KeepsPlacementsAndPaysForExponentials) {
  const TensorSpec input{
      .shape = {1, 8, 32, 64},
      .distribution = {.mesh = {2, 4}, .placements = {mesh::shard(1), mesh::shard(2)}}};
  EXPECT_EQ(trial(input).infer().distribution, input.distribution);
  const auto work = std::get<sim::StreamWork>(trial(input).cost());
  EXPECT_EQ(work.tiles, 16);
  EXPECT_EQ(work.cycles_per_tile, 4 * 8 + 512);
  EXPECT_EQ(work.dram_bytes, 2 * 16 * 2048);
}

TEST(Softmax, RefusesOtherDimsPartsOfRowsAndSumsOwed) {
  TensorSpec input{.shape = {1, 8, 32, 64}, .distribution = {.mesh = {2, 4}}};
  EXPECT_THAT(refusal([&] { return trial(input, 1).infer(); }), HasSubstr("needs the last"));
  input.distribution.placements[1] = mesh::shard(3);
  EXPECT_THAT(refusal([&] { return trial(input).infer(); }),
              HasSubstr("all_gather with dim 3 and cluster_axis 1 first"));
  input.distribution.placements[1] = mesh::stacked(0);
  EXPECT_THAT(refusal([&] { return trial(input).infer(); }),
              HasSubstr("needs fast_reduce_nc over dim 0 first"));
}

}  // namespace
}  // namespace ttmesh::ops
