#include "ops/random_normal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>
#include <vector>

#include "mesh/program/spec_attributes.hpp"
#include "mesh/tensor/convert.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Placement;
using mesh::replicate;
using mesh::Shape;
using mesh::shard;
using mesh::TensorSpec;
using ::testing::HasSubstr;

constexpr mesh::MeshShape kMesh{2, 4};

mesh::Attributes attributes(const TensorSpec& spec, double scale = 1.0) {
  mesh::Attributes attributes = mesh::to_attributes(spec);
  attributes.set("seed", std::int64_t{11});
  attributes.set("stream", std::int64_t{3});
  attributes.set("scale", scale);
  return attributes;
}

TensorSpec placed(const Shape& global, Placement rows, Placement cols, DataType dtype,
                  int outer = 0) {
  const mesh::Distribution distribution{
      .mesh = kMesh, .placements = {rows, cols}, .outer_axis = outer};
  return {.shape = mesh::local_shape(global, distribution),
          .dtype = dtype,
          .distribution = distribution};
}

std::vector<float> composed(const TensorSpec& spec, const mesh::Attributes& options) {
  std::vector<mesh::Shard> shards;
  const OpTrial trial("random_normal", options, {});
  for (int row = 0; row < kMesh.rows; ++row) {
    for (int col = 0; col < kMesh.cols; ++col) shards.push_back(trial.run({}, {row, col}));
  }
  return mesh::compose(shards, spec).floats();
}

class RandomNormalPlacement
    : public testing::TestWithParam<std::tuple<Placement, Placement, int, DataType>> {};

TEST_P(RandomNormalPlacement, MakesTheSameGlobalTensorHoweverItIsCut) {
  const auto [rows, cols, outer, dtype] = GetParam();
  const Shape global{1, 8, 16, 128};
  std::vector<float> want(static_cast<std::size_t>(global.volume()));
  mesh::fill_normal({.seed = 11, .stream = 3}, 0, 0.5F, want);
  mesh::quantise(want, want, dtype, global[-1]);
  const TensorSpec spec = placed(global, rows, cols, dtype, outer);
  EXPECT_EQ(composed(spec, attributes(spec, 0.5)), want);
}

INSTANTIATE_TEST_SUITE_P(
    Cuts, RandomNormalPlacement,
    testing::Combine(testing::Values(replicate(), shard(1), shard(3)),
                     testing::Values(replicate(), shard(2), shard(3)), testing::Values(0, 1),
                     testing::Values(DataType::Float32, DataType::Bfloat16, DataType::Bfp8B)));

TEST(RandomNormal, PadsWithZerosBeyondTheLogicalShape) {
  const Shape logical{2, 10};
  std::vector<float> samples(20);
  mesh::fill_normal({.seed = 11, .stream = 3}, 0, 1.0F, samples);
  const TensorSpec spec = placed({4, 16}, shard(0), shard(1), DataType::Float32);
  mesh::Attributes options = attributes(spec);
  options.set("logical", std::vector<std::int64_t>{2, 10});
  const std::vector<float> got = composed(spec, options);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 16; ++j) {
      const float want = i < 2 && j < 10 ? samples[i * 10 + j] : 0.0F;
      ASSERT_EQ(got[i * 16 + j], want) << i << ", " << j;
    }
  }
}

TEST(RandomNormal, MakesReplicasOnce) {
  const TensorSpec spec = placed({8, 16}, replicate(), shard(1), DataType::Float32);
  const OpTrial trial("random_normal", attributes(spec), {});
  std::set<std::uint64_t> keys;
  for (int row = 0; row < kMesh.rows; ++row) {
    for (int col = 0; col < kMesh.cols; ++col) keys.insert(trial.position_key({row, col}));
  }
  EXPECT_THAT(keys, testing::ElementsAre(0, 1, 2, 3));
}

TEST(RandomNormal, CostsNothing) {
  const TensorSpec spec = placed({8, 16}, replicate(), replicate(), DataType::Float32);
  EXPECT_TRUE(
      std::holds_alternative<sim::NoWork>(OpTrial("random_normal", attributes(spec), {}).cost()));
}

TEST(RandomNormal, RefusesIntegersSumsAndLogicalShapesThatDoNotFit) {
  const auto infer = [](TensorSpec spec, std::vector<std::int64_t> logical = {}) {
    return refusal([&] {
      mesh::Attributes options = attributes(spec);
      if (!logical.empty()) options.set("logical", logical);
      return OpTrial("random_normal", options, {}).infer();
    });
  };
  const TensorSpec good = placed({8, 16}, replicate(), shard(1), DataType::Float32);
  TensorSpec integer = good;
  integer.dtype = DataType::Int32;
  EXPECT_THAT(infer(integer), HasSubstr("[random_normal] dtype is int32"));
  TensorSpec owing = good;
  owing.distribution.placements[0] = mesh::partial();
  EXPECT_THAT(infer(owing), HasSubstr("placements are [Partial, Shard(1)], needs Replicate or"));
  EXPECT_THAT(infer(good, {8, 17}), HasSubstr("logical shape is [8, 17], needs extents of 1 up to "
                                              "those of the global shape [8, 16]"));
  EXPECT_THAT(infer(good, {16}), HasSubstr("logical shape is [16]"));
}

}  // namespace
}  // namespace ttmesh::ops
