#include "ops/combination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ops/activation.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

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

std::string combine(const std::string& op, const TensorSpec& a, const TensorSpec& b) {
  const Combination combination = op == "add" ? Combination::Sum : Combination::Product;
  std::string text;
  const std::string refused = refusal([&] {
    text = mesh::to_string(
        combined_distribution(op.c_str(), combination, {"input a", a}, {"input b", b}));
    return text;
  });
  return refused == "accepted" ? text : refused;
}

// Two tensors of [4, 1, 32, 64] on each chip, or with extent 1 in `repeated` of b.
std::string flow(const std::string& op, Placement a, Placement b, int repeated = -1) {
  const mesh::Shape shape{4, 1, 32, 64};
  return combine(op, placed(shape, replicate(), a),
                 placed(repeated < 0 ? shape : shape.with(repeated, 1), replicate(), b));
}

TEST(Combination, KeepsEqualPlacements) {
  for (const std::string op : {"add", "mul"}) {
    EXPECT_EQ(flow(op, replicate(), replicate()), "[Replicate, Replicate]");
    EXPECT_EQ(flow(op, shard(3), shard(3)), "[Replicate, Shard(3)]");
  }
}

TEST(Combination, RepeatsAReplicatedOperandOverAShardedDim) {
  for (const std::string op : {"add", "mul"}) {
    EXPECT_EQ(flow(op, shard(2), replicate(), 2), "[Replicate, Shard(2)]");
    EXPECT_EQ(combine(op, placed({1, 64}, replicate(), replicate()),
                      placed({1, 1, 32, 64}, shard(2), replicate())),
              "[Shard(2), Replicate]");
    EXPECT_EQ(combine(op, placed({64}, replicate(), shard(0)),
                      placed({1, 1, 32, 64}, replicate(), shard(3))),
              "[Replicate, Shard(3)]");
  }
}

TEST(Combination, RefusesAReplicatedOperandThatDoesNotRepeat) {
  EXPECT_EQ(flow("add", shard(3), replicate()),
            "[add] input a is Shard(3) along cluster_axis 1 and input b is Replicate; needs "
            "mesh_partition of input b over dim 3 with cluster_axis 1, or extent 1 there (found "
            "64)");
  EXPECT_THAT(flow("mul", replicate(), shard(2)),
              HasSubstr("needs mesh_partition of input a over dim 2 with cluster_axis 1"));
  EXPECT_THAT(flow("mul", shard(2), shard(3)),
              HasSubstr("needs one sharding: all_gather of one of them with cluster_axis 1"));
}

TEST(Combination, AddsSumsOwedOnlyToEachOther) {
  EXPECT_EQ(flow("add", partial(), partial()), "[Replicate, Partial]");
  EXPECT_EQ(flow("add", stacked(0), stacked(0)), "[Replicate, Stacked(0)]");
  EXPECT_EQ(flow("add", partial(), replicate()),
            "[add] input a is Partial along cluster_axis 1 and input b is Replicate; needs "
            "all_reduce or reduce_scatter with cluster_axis 1 first");
  EXPECT_EQ(flow("add", shard(3), partial()),
            "[add] input b is Partial along cluster_axis 1 and input a is Shard(3); needs "
            "all_reduce or reduce_scatter with cluster_axis 1 first");
  EXPECT_THAT(flow("add", stacked(0), replicate()),
              HasSubstr("needs fast_reduce_nc over dim 0 first"));
  EXPECT_THAT(flow("add", stacked(0), stacked(0), 0), HasSubstr("fast_reduce_nc over dim 0"));
}

TEST(Combination, ScalesASumOwedByAReplicatedFactor) {
  EXPECT_EQ(flow("mul", partial(), replicate()), "[Replicate, Partial]");
  EXPECT_EQ(flow("mul", replicate(), partial()), "[Replicate, Partial]");
  EXPECT_EQ(flow("mul", stacked(0), replicate(), 0), "[Replicate, Stacked(0)]");
  EXPECT_THAT(flow("mul", stacked(0), replicate()), HasSubstr("fast_reduce_nc over dim 0"));
  EXPECT_THAT(flow("mul", partial(), partial()),
              HasSubstr("[mul] input a is Partial along cluster_axis 1 and input b is Partial; "
                        "needs all_reduce or reduce_scatter with cluster_axis 1 first"));
  EXPECT_THAT(flow("mul", shard(3), partial()), HasSubstr("needs all_reduce or reduce_scatter"));
}

TEST(Combination, MultipliesSumsOwedAlongDifferentAxes) {
  EXPECT_EQ(combine("mul", placed({1, 1, 32, 64}, partial(), replicate()),
                    placed({1, 1, 32, 64}, replicate(), partial())),
            "[Partial, Partial]");
}

TEST(Combination, KeepsTheOrderOfNestedShards) {
  const auto nested = [](int outer) { return placed({1, 1, 32, 64}, shard(3), shard(3), outer); };
  EXPECT_EQ(combine("add", nested(1), nested(1)), "[Shard(3), Shard(3)] columns outermost");
  EXPECT_EQ(combine("mul", placed({1, 1, 32, 1}, replicate(), replicate()), nested(1)),
            "[Shard(3), Shard(3)] columns outermost");
  EXPECT_THAT(combine("add", nested(0), nested(1)),
              HasSubstr("[add] input a is cut along cluster_axis 0 first and input b along 1"));
}

TEST(Combination, RefusesShardsOfDifferentGlobalExtents) {
  EXPECT_THAT(combine("mul", placed({1, 1, 32, 64}, replicate(), shard(3)),
                      placed({1, 1, 32, 1}, replicate(), shard(3))),
              HasSubstr("needs equal global extents in dim 3 (found 256 and 4)"));
}

TEST(Combination, RefusesTensorsOfDifferentMeshes) {
  EXPECT_THAT(combine("mul", placed({32, 64}, replicate(), replicate()), {.shape = {32, 64}}),
              HasSubstr("[mul] input a lies on a 2x4 mesh and input b on 1x1"));
}

mesh::Attributes attributes(Activation before, Activation after) {
  return {{"input_a_activation", std::string(name(before))},
          {"activation", std::string(name(after))},
          {"dtype", std::string("bf16")},
          {"memory", std::string("dram")}};
}

TEST(Combination, RefusesAnActivationOnASumOwed) {
  const TensorSpec owing = placed({1, 1, 32, 64}, partial(), replicate());
  const TensorSpec factor = placed({1, 1, 32, 64}, replicate(), replicate());
  const auto infer = [&](Activation before, Activation after) {
    return refusal([&] {
      return OpTrial("mul", attributes(before, after), {owing, factor}).infer();
    });
  };
  EXPECT_EQ(infer(Activation::Silu, Activation::None),
            "[mul] input is Partial along cluster_axis 0; needs all_reduce or reduce_scatter with "
            "cluster_axis 0 first");
  EXPECT_EQ(infer(Activation::None, Activation::Silu), infer(Activation::Silu, Activation::None));
  EXPECT_EQ(infer(Activation::None, Activation::None), "accepted");
}

TEST(Combination, ScalesButDoesNotShiftASumOwedByAScalar) {
  mesh::Attributes options = attributes(Activation::None, Activation::None);
  options.set("scalar", 2.0);
  const TensorSpec owing = placed({1, 1, 32, 64}, partial(), replicate());
  EXPECT_EQ(OpTrial("mul", options, {owing}).infer().distribution, owing.distribution);
  EXPECT_THAT(refusal([&] { return OpTrial("add", options, {owing}).infer(); }),
              HasSubstr("[add] input is Partial along cluster_axis 0"));
}

}  // namespace
}  // namespace ttmesh::ops
