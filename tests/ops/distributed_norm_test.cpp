#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ops/box.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::HasSubstr;

constexpr int kChips = 4;
constexpr std::int64_t kDim = 256;

mesh::Distribution across(mesh::Placement columns) {
  return {.mesh = {2, kChips}, .placements = {mesh::replicate(), columns}};
}

TensorSpec part(mesh::Placement columns = mesh::shard(3)) {
  return {.shape = {1, 1, 3, kDim / kChips},
          .dtype = DataType::Float32,
          .distribution = across(columns)};
}

TensorSpec gathered(std::int64_t columns = 32 * kChips) {
  return {.shape = {1, 1, 3, columns},
          .dtype = DataType::Float32,
          .distribution = across(mesh::replicate())};
}

TensorSpec weight_part() {
  return {.shape = {1, 1, kDim / kChips / 32, 32},
          .dtype = DataType::Float32,
          .layout = mesh::Layout::RowMajor,
          .distribution = across(mesh::shard(2))};
}

OpTrial before(std::vector<TensorSpec> inputs, const std::string& norm,
               DataType dtype = DataType::Float32) {
  return OpTrial(norm + "_pre_all_gather",
                 {{"dtype", std::string(mesh::name(dtype))}, {"memory", std::string("dram")}},
                 std::move(inputs));
}

OpTrial before(const TensorSpec& input, DataType dtype = DataType::Float32) {
  return before(std::vector{input}, "rms_norm", dtype);
}

OpTrial after(std::vector<TensorSpec> inputs, const std::string& norm = "rms_norm") {
  const bool weight = inputs.size() > 2;
  return OpTrial(norm + "_post_all_gather",
                 {{"epsilon", 1e-5},
                  {"weight", weight},
                  {"bias", false},
                  {"dtype", std::string("f32")},
                  {"memory", std::string("dram")}},
                 std::move(inputs));
}

class DistributedNormOf : public ::testing::TestWithParam<const char*> {};

TEST_P(DistributedNormOf, EqualsTheUnshardedNorm) {
  const std::string norm = GetParam();
  const std::int64_t columns = norm == "layer_norm" ? 64 : 32;
  const TensorSpec whole{.shape = {1, 1, 3, kDim}, .dtype = DataType::Float32};
  const TensorSpec whole_weight{.shape = {1, kDim}, .dtype = DataType::Float32};
  const mesh::Shard x = random_shard(whole, 1);
  const mesh::Shard weight = random_shard(whole_weight, 2);
  const auto want = floats(OpTrial(norm,
                                   {{"epsilon", 1e-5},
                                    {"residual", false},
                                    {"weight", true},
                                    {"bias", false},
                                    {"dtype", std::string("f32")},
                                    {"memory", std::string("dram")}},
                                   {whole, whole_weight})
                               .run({x, weight}));
  std::vector<mesh::Shard> parts;
  std::vector<mesh::BlockPtr> statistics;
  for (int chip = 0; chip < kChips; ++chip) {
    parts.emplace_back(cut(x.block(),
                           {.begin = {0, 0, 0, chip * part().shape[3]}, .shape = part().shape},
                           DataType::Float32));
    statistics.push_back(before({part()}, norm).run({parts.back()}).blocks().front());
  }
  const mesh::Shard all(mesh::flatten(mesh::Shard(statistics, 3)));
  const std::int64_t width = part().shape[3];
  for (int chip = 0; chip < kChips; ++chip) {
    const mesh::Shard values(
        cut(weight.block(), {.begin = {0, chip * width}, .shape = {1, width}}, DataType::Float32));
    const auto got = floats(after({part(), gathered(columns * kChips), weight_part()}, norm)
                                .run({parts[static_cast<std::size_t>(chip)], all,
                                      shard_with(weight_part(), floats(values))}));
    for (std::int64_t row = 0; row < 3; ++row) {
      for (std::int64_t i = 0; i < width; ++i) {
        ASSERT_NEAR(got[static_cast<std::size_t>(row * width + i)],
                    want[static_cast<std::size_t>(row * kDim + chip * width + i)], 2e-6);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Norms, DistributedNormOf, ::testing::Values("rms_norm", "layer_norm"));

TEST(DistributedNorm, AddsAResidualFirstAndHandsOutTheSum) {
  const TensorSpec x{.shape = {2, 64}, .dtype = DataType::Float32};
  const mesh::Shard a = random_shard(x, 1);
  const mesh::Shard b = random_shard(x, 2);
  const OpTrial trial = before({x, x}, "rms_norm");
  const std::vector<mesh::Shard> outputs = trial.run_all({a, b});
  std::vector<float> sum = floats(a);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += floats(b)[i];
  EXPECT_EQ(floats(outputs[1]), sum);
  EXPECT_EQ(floats(outputs[0]), floats(before(x).run({shard_with(x, sum)})));
}

TEST(DistributedNorm, RefusesAResidualOfAnotherShapeOrPlacement) {
  TensorSpec other = part();
  other.shape = {1, 1, 2, kDim / kChips};
  EXPECT_THAT(refusal([&] {
                return before({part(), other}, "rms_norm").infer();
              }),
              HasSubstr("needs one shape and placement"));
  EXPECT_THAT(refusal([&] {
                return before({part(), part(mesh::replicate())}, "rms_norm").infer();
              }),
              HasSubstr("needs one shape and placement"));
}

TEST(DistributedNorm, WritesTheSumBesideThatOfSquares) {
  const TensorSpec x{.shape = {1, 4}, .dtype = DataType::Float32};
  const std::vector<float> got =
      floats(before({x}, "layer_norm").run({shard_with(x, {1, 2, 3, -4})}));
  ASSERT_EQ(got.size(), 64);
  EXPECT_EQ(got[0], 30);
  EXPECT_EQ(got[32], 2);
}

TEST(DistributedNorm, WritesSumsOfSquaresToTheFirstColumn) {
  const TensorSpec x{.shape = {2, 4}, .dtype = DataType::Float32};
  const mesh::Shard values = shard_with(x, {1, 2, 3, 4, 0, 1, 0, -1});
  const std::vector<float> got = floats(before(x).run({values}));
  std::vector<float> want(64, 0.0F);
  want[0] = 30;
  want[32] = 2;
  EXPECT_EQ(got, want);
  EXPECT_EQ(before(x, DataType::Bfloat16).infer().dtype, DataType::Bfloat16);
}

TEST(DistributedNorm, LaysStatisticsSideBySide) {
  const TensorSpec statistics = before(part()).infer();
  EXPECT_EQ(statistics.shape, (mesh::Shape{1, 1, 3, 32}));
  EXPECT_EQ(mesh::to_string(statistics.distribution), "[Replicate, Shard(3)]");
  EXPECT_EQ(after({part(), gathered()}).infer().distribution, part().distribution);
}

TEST(DistributedNorm, NeedsNoGatherOnOneChip) {
  const TensorSpec x{.shape = {1, 1, 32, 64}};
  EXPECT_EQ(after({x, before(x).infer()}).infer().shape, x.shape);
}

TEST(DistributedNorm, RefusesStatisticsOfSomeChips) {
  const auto refused = [](std::vector<TensorSpec> inputs) {
    return refusal([&] { return after(inputs).infer(); });
  };
  EXPECT_THAT(refused({part(), before(part()).infer()}),
              HasSubstr("statistics is Shard(3) along cluster_axis 1, needs dim 3 whole on each "
                        "chip: all_gather with dim 3 and cluster_axis 1 first"));
  EXPECT_THAT(refused({part(), gathered(32)}),
              HasSubstr("statistics have 32 columns and each row lies on 4 chips, needs 128"));
  EXPECT_THAT(refused({part(mesh::partial()), gathered()}), HasSubstr("input is Partial"));
  TensorSpec other = gathered();
  other.shape = {1, 1, 2, 128};
  EXPECT_THAT(refused({part(), other}), HasSubstr("needs the same but for the last dim"));
}

TEST(DistributedNorm, RefusesAWeightThatIsNotCutAsTheRows) {
  TensorSpec weight = weight_part();
  const auto refused = [&] {
    return refusal([&] { return after({part(), gathered(), weight}).infer(); });
  };
  EXPECT_EQ(refused(), "accepted");
  weight.distribution = across(mesh::replicate());
  EXPECT_THAT(refused(), HasSubstr("weight is Replicate along cluster_axis 1"));
  weight.distribution = across(mesh::shard(3));
  EXPECT_THAT(refused(), HasSubstr("needs it sharded in its first dim"));
  weight = weight_part();
  weight.shape = {1, 1, 8, 32};
  EXPECT_THAT(refused(), HasSubstr("has 256 values on each chip"));
}

TEST(DistributedNorm, PaysForReadingTheStatistics) {
  const auto work = std::get<sim::StreamWork>(after({part(), gathered()}).cost());
  EXPECT_EQ(work.dram_bytes, (2 * 2 + 4) * 4096);
  EXPECT_EQ(std::get<sim::StreamWork>(before(part()).cost()).dram_bytes, (2 + 1) * 4096);
}

}  // namespace
}  // namespace ttmesh::ops
