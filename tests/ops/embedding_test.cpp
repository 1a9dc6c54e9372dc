#include "ops/embedding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Placement;
using mesh::replicate;
using mesh::shard;
using mesh::TensorSpec;
using ::testing::HasSubstr;

TensorSpec indices(mesh::Shape shape) {
  return {.shape = std::move(shape), .dtype = DataType::Int32, .layout = mesh::Layout::RowMajor};
}

OpTrial trial(const TensorSpec& of, const TensorSpec& weight) {
  return OpTrial("embedding",
                 {{"tile", true},
                  {"dtype", std::string(mesh::name(weight.dtype))},
                  {"memory", std::string("dram")}},
                 {of, weight});
}

TEST(Embedding, TakesRowsOfTheTable) {
  const TensorSpec weight{.shape = {1, 1, 3, 2}, .dtype = DataType::Float32};
  const mesh::Shard table = shard_with(weight, {1, 2, 3, 4, 5, 6});
  const mesh::Shard picked = int_shard({2, 1, 2}, {2, 0, 1, 2});
  const OpTrial op = trial(indices({2, 1, 2}), weight);
  EXPECT_EQ(op.infer().shape, (mesh::Shape{2, 2, 2}));
  EXPECT_THAT(floats(op.run({picked, table})), testing::ElementsAre(5, 6, 1, 2, 3, 4, 5, 6));
}

TEST(Embedding, KeepsValuesOfEveryFormat) {
  for (const DataType dtype : {DataType::Bfloat16, DataType::Bfp8B, DataType::Bfp4B}) {
    const TensorSpec weight{.shape = {4, 48}, .dtype = dtype};
    const mesh::Shard table = random_shard(weight, 1);
    EXPECT_EQ(floats(trial(indices({1, 4}), weight).run({int_shard({1, 4}, {0, 1, 2, 3}), table})),
              floats(table));
  }
}

TEST(Embedding, RefusesAnIndexThatTheTableLacks) {
  const TensorSpec weight{.shape = {3, 32}, .dtype = DataType::Float32};
  const OpTrial op = trial(indices({1, 2}), weight);
  for (const std::int32_t index : {-1, 3}) {
    EXPECT_THROW(op.run({int_shard({1, 2}, {0, index}), random_shard(weight, 1)}),
                 std::out_of_range);
  }
}

std::string flow(Placement of_indices, Placement of_weight) {
  TensorSpec ids = indices({8, 16});
  ids.distribution = {.mesh = {1, 4}, .placements = {replicate(), of_indices}};
  const TensorSpec weight{.shape = {64, 128},
                          .distribution = {.mesh = {1, 4}, .placements = {replicate(), of_weight}}};
  std::string text;
  const std::string refused = refusal([&] {
    text = to_string(trial(ids, weight).infer().distribution.along(1));
    return text;
  });
  return refused == "accepted" ? text : refused;
}

TEST(Embedding, FollowsTheShardsOfEither) {
  EXPECT_EQ(flow(replicate(), replicate()), "Replicate");
  EXPECT_EQ(flow(replicate(), shard(1)), "Shard(2)");
  EXPECT_EQ(flow(shard(0), replicate()), "Shard(0)");
  EXPECT_EQ(flow(shard(1), replicate()), "Shard(1)");
  EXPECT_THAT(flow(shard(0), shard(1)), HasSubstr("needs one of them Replicate"));
  EXPECT_THAT(flow(replicate(), shard(0)),
              HasSubstr("all_gather with dim 0 and cluster_axis 1 first"));
  EXPECT_THAT(flow(replicate(), mesh::partial()), HasSubstr("weight is Partial"));
}

TEST(Embedding, ReadsTheRowsThatAreAskedFor) {
  const TensorSpec weight{.shape = {1024, 64}, .layout = mesh::Layout::RowMajor};
  const auto work = std::get<sim::StreamWork>(trial(indices({1, 32}), weight).cost());
  EXPECT_EQ(work.dram_bytes, 32 * 4 + 32 * 64 * 2 + 2 * 2048);
}

TEST(Embedding, RefusesOtherDtypesAndShapes) {
  const TensorSpec weight{.shape = {64, 128}};
  const auto refused = [](const TensorSpec& ids, const TensorSpec& table) {
    return refusal([&] { return trial(ids, table).infer(); });
  };
  EXPECT_THAT(refused({.shape = {1, 32}}, weight), HasSubstr("indices is bf16"));
  EXPECT_THAT(refused(indices({2, 3, 4}), weight), HasSubstr("needs [b, s]"));
  EXPECT_THAT(refused(indices({1, 4}), {.shape = {2, 64, 128}}), HasSubstr("needs [vocab, d]"));
  EXPECT_THAT(refused(indices({1, 4}), indices({64, 128})), HasSubstr("weight is int32"));
}

}  // namespace
}  // namespace ttmesh::ops
