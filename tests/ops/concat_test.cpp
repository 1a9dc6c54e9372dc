#include "ops/concat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::HasSubstr;

OpTrial trial(int dim, std::vector<TensorSpec> inputs) {
  return OpTrial("concat", {{"dim", std::int64_t{dim}}}, std::move(inputs));
}

TensorSpec spec(mesh::Shape shape) {
  return {.shape = std::move(shape), .dtype = DataType::Float32};
}

TEST(Concat, JoinsAlongAnyDim) {
  const mesh::Shard a = shard_with(spec({2, 2}), {1, 2, 3, 4});
  const mesh::Shard b = shard_with(spec({2, 1}), {5, 6});
  EXPECT_THAT(floats(trial(1, {spec({2, 2}), spec({2, 1})}).run({a, b})),
              testing::ElementsAre(1, 2, 5, 3, 4, 6));
  const mesh::Shard c = shard_with(spec({1, 2}), {7, 8});
  EXPECT_THAT(floats(trial(-2, {spec({1, 2}), spec({2, 2}), spec({1, 2})}).run({c, a, c})),
              testing::ElementsAre(7, 8, 1, 2, 3, 4, 7, 8));
}

TEST(Concat, RoundsBlockFloatsAgainWhereTheirRunsMeet) {
  const auto block_float = [](mesh::Shape shape) {
    return TensorSpec{.shape = std::move(shape), .dtype = DataType::Bfp8B};
  };
  const mesh::Shard large = shard_with(block_float({1, 8}), std::vector<float>(8, 8.0F));
  const mesh::Shard small = shard_with(block_float({1, 8}), std::vector<float>(8, 0.03125F));
  EXPECT_EQ(floats(trial(1, {block_float({1, 8}), block_float({1, 8})}).run({large, small}))[8],
            0.0F);
  EXPECT_EQ(floats(trial(0, {block_float({1, 8}), block_float({1, 8})}).run({large, small}))[8],
            0.03125F);
}

TEST(Concat, AddsExtentsAndCosts) {
  const OpTrial joined = trial(3, {spec({1, 1, 32, 64}), spec({1, 1, 32, 32})});
  EXPECT_EQ(joined.infer().shape, (mesh::Shape{1, 1, 32, 96}));
  EXPECT_EQ(std::get<sim::StreamWork>(joined.cost()).dram_bytes, 6 * 4096);
}

TEST(Concat, LetsSumsOwedAndShardsPass) {
  TensorSpec a = spec({1, 1, 32, 64});
  a.distribution = {.mesh = {2, 4}, .placements = {mesh::partial(), mesh::shard(3)}};
  EXPECT_EQ(trial(3, {a, a}).infer().distribution, a.distribution);
}

TEST(Concat, RefusesInputsThatDiffer) {
  const auto infer = [](int dim, std::vector<TensorSpec> inputs) {
    return refusal([&] { return trial(dim, inputs).infer(); });
  };
  TensorSpec other = spec({1, 64});
  other.dtype = DataType::Bfloat16;
  EXPECT_THAT(infer(0, {spec({1, 64}), spec({1, 32})}), HasSubstr("needs the same but for dim 0"));
  EXPECT_THAT(infer(0, {spec({1, 64}), other}), HasSubstr("needs the same but for dim 0"));
  TensorSpec sharded = spec({1, 64});
  sharded.distribution = {.mesh = {2, 1}, .placements = {mesh::shard(1), mesh::replicate()}};
  TensorSpec whole = sharded;
  whole.distribution.placements[0] = mesh::replicate();
  EXPECT_EQ(infer(0, {sharded, whole}),
            "[concat] an input is [Replicate, Replicate] after [Shard(1), Replicate], needs one "
            "placement");
  whole.distribution.placements[0] = mesh::stacked(0);
  EXPECT_THAT(infer(0, {whole, whole}), HasSubstr("needs fast_reduce_nc over it first"));
}

}  // namespace
}  // namespace ttmesh::ops
