#include "ops/fast_reduce_nc.hpp"

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
using mesh::partial;
using mesh::Placement;
using mesh::replicate;
using mesh::shard;
using mesh::stacked;
using mesh::TensorSpec;
using ::testing::HasSubstr;
using Dims = std::vector<std::int64_t>;

OpTrial trial(const TensorSpec& input, Dims dims, DataType dtype = DataType::Float32) {
  return OpTrial("fast_reduce_nc",
                 {{"dims", std::move(dims)},
                  {"dtype", std::string(mesh::name(dtype))},
                  {"memory", std::string("dram")}},
                 {input});
}

TEST(FastReduceNc, SumsOverLeadingDims) {
  const TensorSpec input{.shape = {2, 3, 2, 2}, .dtype = DataType::Float32};
  std::vector<float> numbers;
  for (int n = 0; n < 2; ++n) {
    for (int c = 0; c < 3; ++c) {
      for (int i = 0; i < 4; ++i) {
        numbers.push_back(static_cast<float>(100 * n + 10 * c + i));
      }
    }
  }
  const mesh::Shard x = shard_with(input, numbers);
  EXPECT_THAT(floats(trial(input, {0}).run({x})),
              testing::ElementsAre(100, 102, 104, 106, 120, 122, 124, 126, 140, 142, 144, 146));
  EXPECT_THAT(floats(trial(input, {1}).run({x})),
              testing::ElementsAre(30, 33, 36, 39, 330, 333, 336, 339));
  EXPECT_THAT(floats(trial(input, {0, 1}).run({x})), testing::ElementsAre(360, 366, 372, 378));
}

TEST(FastReduceNc, SumsTheBlocksThatAGatherLeaves) {
  const TensorSpec input{.shape = {3, 2, 4, 8}, .dtype = DataType::Float32};
  const mesh::Shard whole = random_shard(input, 1);
  const std::vector<float> all = floats(whole);
  for (const int dim : {0, 1, 3}) {
    std::vector<mesh::BlockPtr> blocks;
    for (std::int64_t i = 0; i < input.shape[dim]; ++i) {
      const std::vector<std::int64_t> zeros(4, 0);
      blocks.push_back(
          cut(whole.block(),
              {.begin = mesh::Shape(zeros).with(dim, i), .shape = input.shape.with(dim, 1)},
              DataType::Float32));
    }
    const mesh::Shard gathered(blocks, dim);
    for (const Dims& dims : {Dims{0}, Dims{1}}) {
      EXPECT_EQ(floats(trial(input, dims).run({gathered})),
                floats(trial(input, dims).run({whole})));
    }
  }
}

TEST(FastReduceNc, RoundsOnceAtTheEnd) {
  const TensorSpec input{.shape = {3, 1, 1, 1}, .dtype = DataType::Bfloat16};
  const mesh::Shard x = shard_with(input, {256.0F, 1.0F, 1.0F});
  EXPECT_EQ(floats(trial(input, {0}, DataType::Bfloat16).run({x})).front(), 258.0F);
}

std::string flow(Placement rows, Placement cols, Dims dims, mesh::Shape shape = {4, 1, 32, 64}) {
  const TensorSpec input{.shape = std::move(shape),
                         .distribution = {.mesh = {2, 4}, .placements = {rows, cols}}};
  std::string text;
  const std::string refused = refusal([&] {
    text = mesh::to_string(trial(input, dims).infer().distribution);
    return text;
  });
  return refused == "accepted" ? text : refused;
}

TEST(FastReduceNc, PaysASumWhoseTermsAreStacked) {
  EXPECT_EQ(flow(replicate(), stacked(0), {0}), "[Replicate, Replicate]");
  EXPECT_EQ(flow(shard(3), stacked(0), {0}), "[Shard(3), Replicate]");
  EXPECT_EQ(flow(partial(), stacked(0), {0}), "[Partial, Replicate]");
  EXPECT_EQ(flow(replicate(), stacked(0), {1}), "[Replicate, Stacked(0)]");
}

TEST(FastReduceNc, OwesASumOverAShardedDim) {
  EXPECT_EQ(flow(replicate(), shard(0), {0}), "[Replicate, Partial]");
}

TEST(FastReduceNc, RefusesDimsOfTilesAndTermsOfSeveralIndices) {
  EXPECT_EQ(flow(replicate(), replicate(), {2}),
            "[fast_reduce_nc] dim 2 of [4, 1, 32, 64], needs one before the last two");
  EXPECT_THAT(flow(replicate(), replicate(), {}), HasSubstr("no dims"));
  EXPECT_THAT(flow(replicate(), stacked(0), {0}, {8, 1, 32, 64}),
              HasSubstr("dim 0 has extent 8 and stacks 4 terms"));
  EXPECT_THAT(refusal([] {
                return trial({.shape = {4, 1, 32, 64}, .dtype = DataType::Int32}, {0}).infer();
              }),
              HasSubstr("int32 to f32, needs floating point"));
}

TEST(FastReduceNc, ReadsAllTermsAndWritesTheSum) {
  const auto work = std::get<sim::StreamWork>(
      trial({.shape = {4, 1, 32, 64}, .dtype = DataType::Bfp8B}, {0}, DataType::Bfloat16).cost());
  EXPECT_EQ(work.tiles, 8);
  EXPECT_EQ(work.dram_bytes, 8 * 1088 + 2 * 2048);
}

}  // namespace
}  // namespace ttmesh::ops
