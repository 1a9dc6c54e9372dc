#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::HasSubstr;

struct Extras {
  bool residual = false;
  bool weight = false;
  bool bias = false;
};

OpTrial trial(const std::string& op, std::vector<TensorSpec> inputs, Extras extras = {},
              double epsilon = 1e-5) {
  const std::string dtype(mesh::name(inputs[0].dtype));
  return OpTrial(op,
                 {{"epsilon", epsilon},
                  {"residual", extras.residual},
                  {"weight", extras.weight},
                  {"bias", extras.bias},
                  {"dtype", dtype},
                  {"memory", std::string("dram")}},
                 std::move(inputs));
}

// Rows of `length` about 0 or their mean, in float64.
std::vector<double> reference(const std::vector<float>& x, std::size_t length, bool centred,
                              const std::vector<float>& weight, const std::vector<float>& bias) {
  std::vector<double> out(x.begin(), x.end());
  for (std::size_t first = 0; first < x.size(); first += length) {
    double mean = 0;
    for (std::size_t i = 0; i < length; ++i) mean += x[first + i] / static_cast<double>(length);
    if (!centred) mean = 0;
    double square = 0;
    for (std::size_t i = 0; i < length; ++i) square += std::pow(x[first + i] - mean, 2);
    const double root = std::sqrt(square / static_cast<double>(length) + 1e-5);
    for (std::size_t i = 0; i < length; ++i) {
      out[first + i] = (x[first + i] - mean) / root * weight[i] + bias[i];
    }
  }
  return out;
}

class Norm : public testing::TestWithParam<const char*> {};

TEST_P(Norm, ScalesRowsOfEveryLength) {
  for (const std::int64_t length : {1, 7, 32, 100, 512}) {
    const TensorSpec x{.shape = {2, 3, length}, .dtype = DataType::Float32};
    const TensorSpec row{.shape = {1, length}, .dtype = DataType::Float32};
    const mesh::Shard values = random_shard(x, 1);
    const mesh::Shard weight = random_shard(row, 2);
    const mesh::Shard bias = random_shard(row, 3);
    const auto got = floats(trial(GetParam(), {x, row, row}, {.weight = true, .bias = true})
                                .run({values, weight, bias}));
    const auto want =
        reference(floats(values), static_cast<std::size_t>(length),
                  std::string(GetParam()) == "layer_norm", floats(weight), floats(bias));
    for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 2e-5) << length;
  }
}

TEST_P(Norm, AddsTheResidualFirst) {
  const TensorSpec x{.shape = {4, 64}, .dtype = DataType::Float32};
  const mesh::Shard a = random_shard(x, 1);
  const mesh::Shard b = random_shard(x, 2);
  std::vector<float> sum = floats(a);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += floats(b)[i];
  EXPECT_EQ(floats(trial(GetParam(), {x, x}, {.residual = true}).run({a, b})),
            floats(trial(GetParam(), {x}).run({shard_with(x, sum)})));
}

TEST_P(Norm, RoundsOnceToTheOutputsFormat) {
  const TensorSpec exact{.shape = {4, 64}, .dtype = DataType::Float32};
  for (const DataType dtype : {DataType::Bfloat16, DataType::Bfp8B, DataType::Bfp4B}) {
    TensorSpec x = exact;
    x.dtype = dtype;
    const mesh::Shard values = random_shard(x, 1);
    const mesh::Shard same = shard_with(exact, floats(values));
    const std::vector<float> whole = floats(trial(GetParam(), {exact}).run({same}));
    std::vector<float> rounded(whole.size());
    mesh::quantise(whole, rounded, dtype, 64);
    EXPECT_EQ(floats(trial(GetParam(), {x}).run({values})), rounded);
  }
}

TEST_P(Norm, TakesWeightsInPagesOfATile) {
  const TensorSpec x{.shape = {4, 64}, .dtype = DataType::Float32};
  const TensorSpec row{.shape = {1, 64}, .dtype = DataType::Float32};
  const TensorSpec pages{
      .shape = {1, 1, 2, 32}, .dtype = DataType::Float32, .layout = mesh::Layout::RowMajor};
  const mesh::Shard values = random_shard(x, 1);
  const mesh::Shard weight = random_shard(row, 2);
  EXPECT_EQ(floats(trial(GetParam(), {x, pages}, {.weight = true})
                       .run({values, shard_with(pages, floats(weight))})),
            floats(trial(GetParam(), {x, row}, {.weight = true}).run({values, weight})));
}

TEST_P(Norm, KeepsPlacementsOffTheLastDim) {
  const TensorSpec x{
      .shape = {1, 8, 32, 64},
      .distribution = {.mesh = {2, 4}, .placements = {mesh::shard(1), mesh::shard(2)}}};
  EXPECT_EQ(trial(GetParam(), {x}).infer().distribution, x.distribution);
}

TEST_P(Norm, RefusesPartsOfRowsAndSumsOwed) {
  TensorSpec x{.shape = {1, 1, 32, 64},
               .distribution = {.mesh = {2, 4}, .placements = {mesh::replicate(), mesh::shard(3)}}};
  const auto refused = [&](std::vector<TensorSpec> inputs, Extras extras = {}) {
    return refusal([&] { return trial(GetParam(), inputs, extras).infer(); });
  };
  const std::string halves =
      "gather the statistics of " + std::string(GetParam()) + "_pre_all_gather";
  EXPECT_THAT(refused({x}),
              HasSubstr("all_gather with dim 3 and cluster_axis 1 first, or " + halves));

  x.distribution.placements[1] = mesh::partial();
  EXPECT_THAT(refused({x}), HasSubstr("input is Partial along cluster_axis 1; needs all_reduce or "
                                      "reduce_scatter with cluster_axis 1 first"));
  x.distribution.placements[1] = mesh::replicate();
  TensorSpec weight{.shape = {1, 64}, .distribution = x.distribution};
  weight.distribution.placements[1] = mesh::shard(1);
  EXPECT_THAT(refused({x, weight}, {.weight = true}),
              HasSubstr("weight is Shard(1) along cluster_axis 1, needs Replicate"));
  weight.distribution = x.distribution;
  weight.shape = {1, 32};
  EXPECT_THAT(refused({x, weight}, {.weight = true}), HasSubstr("weight [1, 32] has 32 values"));
  TensorSpec residual = x;
  residual.shape = {1, 1, 1, 64};
  EXPECT_THAT(refused({x, residual}, {.residual = true}), HasSubstr("needs one shape"));
  TensorSpec integers = x;
  integers.dtype = DataType::Int32;
  EXPECT_THAT(refused({integers}), HasSubstr("input is int32, needs a floating-point dtype"));
}

INSTANTIATE_TEST_SUITE_P(Both, Norm, testing::Values("rms_norm", "layer_norm"));

TEST(Norm, PaysForItsPasses) {
  const TensorSpec x{.shape = {1, 1, 32, 1024}};
  const TensorSpec weight{.shape = {1, 1, 32, 32}, .layout = mesh::Layout::RowMajor};
  const auto work = [&](const char* op) {
    return std::get<sim::StreamWork>(trial(op, {x, weight}, {.weight = true}).cost());
  };
  EXPECT_EQ(work("rms_norm").tiles, 32);
  EXPECT_EQ(work("rms_norm").cycles_per_tile, 4 * 8);
  EXPECT_EQ(work("layer_norm").cycles_per_tile, 6 * 8);
  EXPECT_EQ(work("rms_norm").dram_bytes, 2 * 32 * 2048 + 2048);
}

}  // namespace
}  // namespace ttmesh::ops
