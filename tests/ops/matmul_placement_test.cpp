#include "ops/matmul_placement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "ops/matmul.hpp"
#include "tests/ops/op_trial.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Distribution;
using mesh::partial;
using mesh::Placement;
using mesh::replicate;
using mesh::shard;
using mesh::stacked;
using mesh::TensorSpec;
using ::testing::HasSubstr;

constexpr mesh::MeshShape kMesh{2, 4};

TensorSpec placed(mesh::Shape shape, Placement rows, Placement cols, int outer_axis = 0) {
  return {.shape = std::move(shape),
          .distribution = {.mesh = kMesh, .placements = {rows, cols}, .outer_axis = outer_axis}};
}

mesh::Attributes attributes(Activation activation = Activation::None) {
  return {{"activation", std::string(name(activation))},
          {"dtype", std::string("bf16")},
          {"memory", std::string("dram")},
          {"fidelity", std::string("hifi2")},
          {"fp32_accumulate", false}};
}

// [1, 1, 32, 64] * [64, 64] on each chip, so that dims of the weight count from 0 to 1.
std::string flow(Placement a, Placement b, int axis = 1, Activation activation = Activation::None) {
  const auto along = [axis](mesh::Shape shape, Placement placement) {
    return axis == 0 ? placed(std::move(shape), placement, replicate())
                     : placed(std::move(shape), replicate(), placement);
  };
  const OpTrial trial("linear", attributes(activation),
                      {along({1, 1, 32, 64}, a), along({64, 64}, b)});
  try {
    const Distribution out = trial.infer().distribution;
    EXPECT_EQ(out.along(1 - axis), replicate());
    return mesh::to_string(
        Distribution{.mesh = kMesh, .placements = {out.along(axis), replicate()}});
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(MatmulPlacement, FlowsAsTheTableSays) {
  struct Row {
    Placement a;
    Placement b;
    std::string out;
  };
  const std::vector<Row> rows{
      {replicate(), replicate(), "[Replicate, Replicate]"},
      {shard(3), shard(0), "[Partial, Replicate]"},
      {replicate(), shard(1), "[Shard(3), Replicate]"},
      {shard(2), replicate(), "[Shard(2), Replicate]"},
      {shard(1), replicate(), "[Shard(1), Replicate]"},
      {partial(), replicate(), "[Partial, Replicate]"},
      {replicate(), partial(), "[Partial, Replicate]"},
      {stacked(0), replicate(), "[Stacked(0), Replicate]"},
  };
  for (const int axis : {0, 1}) {
    for (const Row& row : rows) EXPECT_EQ(flow(row.a, row.b, axis), row.out);
  }
}

TEST(MatmulPlacement, RefusesByNamingWhatIsMissing) {
  EXPECT_EQ(flow(shard(3), replicate()),
            "[linear] the inner dim is sharded on input a only: input a is Shard(3) along "
            "cluster_axis 1 and input b is Replicate; needs input b Shard(0), or all_gather of "
            "input a with dim 3 and cluster_axis 1 first");
  EXPECT_EQ(flow(replicate(), shard(0), 0),
            "[linear] the inner dim is sharded on input b only: input a is Replicate along "
            "cluster_axis 0 and input b is Shard(0); needs input a Shard(3): mesh_partition or "
            "reduce_scatter with dim 3 and cluster_axis 0 first");
  EXPECT_THAT(flow(partial(), shard(0)), HasSubstr("the inner dim is sharded on input b only"));
  EXPECT_THAT(flow(shard(3), shard(1)), HasSubstr("the inner dim is sharded on input a only"));
  EXPECT_THAT(flow(shard(2), shard(1)),
              HasSubstr("needs all_gather of one of them with cluster_axis 1 first"));
  EXPECT_THAT(flow(partial(), shard(1)),
              HasSubstr("needs all_reduce or reduce_scatter with cluster_axis 1 first"));
  EXPECT_THAT(flow(partial(), partial()), HasSubstr("a sum is still owed"));
  EXPECT_THAT(flow(stacked(3), replicate()),
              HasSubstr("needs fast_reduce_nc over the stacked dim first"));
}

TEST(MatmulPlacement, RefusesAnActivationOnASumStillOwed) {
  EXPECT_EQ(flow(shard(3), shard(0), 1, Activation::Silu),
            "[linear] input is Partial along cluster_axis 1; needs all_reduce or reduce_scatter "
            "with cluster_axis 1 first");
  EXPECT_EQ(flow(replicate(), shard(1), 1, Activation::Silu), "[Shard(3), Replicate]");
}

TEST(MatmulPlacement, AddsABiasOnlyWhereItsPlacementFits) {
  const auto with_bias = [](Placement a, Placement b, Placement bias) -> std::string {
    const OpTrial trial("linear", attributes(),
                        {placed({1, 1, 32, 64}, replicate(), a), placed({64, 64}, replicate(), b),
                         placed({1, 64}, replicate(), bias)});
    try {
      return mesh::to_string(trial.infer().distribution);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  EXPECT_EQ(with_bias(replicate(), shard(1), shard(1)), "[Replicate, Shard(3)]");
  EXPECT_EQ(with_bias(shard(3), shard(0), partial()), "[Replicate, Partial]");
  EXPECT_EQ(with_bias(shard(3), shard(0), replicate()),
            "[linear] the product is Partial along cluster_axis 1 and the bias is Replicate; needs "
            "all_reduce or reduce_scatter with cluster_axis 1 first");
  EXPECT_THAT(with_bias(replicate(), shard(1), replicate()),
              HasSubstr("needs mesh_partition of the bias over dim 3 with cluster_axis 1"));
}

TEST(MatmulPlacement, CombinesBothAxes) {
  const OpTrial trial(
      "linear", attributes(),
      {placed({1, 1, 32, 64}, replicate(), shard(3)), placed({64, 64}, shard(1), shard(0))});
  EXPECT_EQ(mesh::to_string(trial.infer().distribution), "[Shard(3), Partial]");
}

TEST(MatmulPlacement, KeepsTheOrderOfNestedShards) {
  const auto infer = [](TensorSpec a, TensorSpec b) {
    return OpTrial("linear", attributes(), {std::move(a), std::move(b)}).infer().distribution;
  };
  const TensorSpec whole = placed({1, 1, 32, 64}, replicate(), replicate());
  const TensorSpec weight = placed({64, 64}, replicate(), replicate());
  EXPECT_EQ(infer(whole, placed({64, 64}, shard(1), shard(1), 1)).outer_axis, 1);
  EXPECT_EQ(infer(placed({1, 1, 32, 64}, shard(2), shard(2), 1), weight).outer_axis, 1);
  const Distribution both =
      infer(placed({1, 1, 32, 64}, shard(3), shard(3), 1), placed({64, 64}, shard(0), shard(0), 1));
  EXPECT_EQ(mesh::to_string(both), "[Partial, Partial]");
  EXPECT_THROW(
      infer(placed({1, 1, 32, 64}, shard(3), shard(3), 1), placed({64, 64}, shard(0), shard(0), 0)),
      std::invalid_argument);
}

TEST(MatmulPlacement, FollowsBatchesThatBothOperandsHave) {
  const auto infer = [](mesh::Shape a, Placement in_a, mesh::Shape b, Placement in_b) {
    return OpTrial(
               "matmul", attributes(),
               {placed(std::move(a), replicate(), in_a), placed(std::move(b), replicate(), in_b)})
        .infer()
        .distribution.along(1);
  };
  EXPECT_EQ(infer({1, 2, 32, 64}, shard(1), {1, 2, 64, 32}, shard(1)), shard(1));
  EXPECT_EQ(infer({1, 1, 32, 64}, replicate(), {1, 2, 64, 32}, shard(1)), shard(1));
  EXPECT_THROW(infer({1, 2, 32, 64}, shard(1), {1, 2, 64, 32}, replicate()), std::invalid_argument);
  EXPECT_THROW(infer({1, 2, 32, 64}, replicate(), {1, 2, 64, 32}, shard(1)), std::invalid_argument);
}

TEST(MatmulPlacement, TakesAnAxisOfOneChipAsReplicated) {
  TensorSpec a{.shape = {1, 1, 32, 64}};
  a.distribution.placements = {shard(3), partial()};
  const TensorSpec b{.shape = {64, 64}};
  EXPECT_EQ(
      mesh::to_string(OpTrial("linear", attributes(Activation::Relu), {a, b}).infer().distribution),
      "[Replicate, Replicate]");
}

TEST(MatmulPlacement, RefusesTensorsOfDifferentMeshes) {
  TensorSpec b{.shape = {64, 64}};
  EXPECT_THROW(
      OpTrial("linear", attributes(), {placed({1, 1, 32, 64}, replicate(), replicate()), b})
          .infer(),
      std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::ops
