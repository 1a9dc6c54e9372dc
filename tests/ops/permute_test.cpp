#include "ops/permute.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::HasSubstr;
using Dims = std::vector<std::int64_t>;

OpTrial trial(const TensorSpec& input, Dims dims) {
  return OpTrial("permute", {{"dims", std::move(dims)}}, {input});
}

// By the definition, one value at a time.
std::vector<float> reference(const std::vector<float>& values, const mesh::Shape& shape,
                             const Dims& order) {
  std::vector<float> out;
  Dims index(order.size(), 0);
  const auto extent = [&](std::size_t i) { return shape[static_cast<int>(order[i])]; };
  for (std::int64_t n = 0; n < shape.volume(); ++n) {
    std::int64_t rest = n;
    for (std::size_t i = order.size(); i-- > 0;) {
      index[static_cast<std::size_t>(order[i])] = rest % extent(i);
      rest /= extent(i);
    }
    std::int64_t at = 0;
    for (int dim = 0; dim < shape.rank(); ++dim) {
      at = at * shape[dim] + index[static_cast<std::size_t>(dim)];
    }
    out.push_back(values[static_cast<std::size_t>(at)]);
  }
  return out;
}

TEST(Permute, OrdersDimsInEveryWay) {
  for (const DataType dtype : {DataType::Float32, DataType::Bfloat16}) {
    const TensorSpec input{.shape = {2, 3, 4, 5}, .dtype = dtype};
    std::vector<float> numbers(120);
    std::iota(numbers.begin(), numbers.end(), 0.0F);
    const mesh::Shard x = shard_with(input, numbers);
    Dims order{0, 1, 2, 3};
    do {
      EXPECT_EQ(floats(trial(input, order).run({x})), reference(numbers, input.shape, order));
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(Permute, RoundsBlockFloatsAgainWhereRowsChange) {
  const TensorSpec input{.shape = {16, 2}, .dtype = DataType::Bfp8B};
  std::vector<float> numbers(32, 0.03125F);
  numbers[0] = 8.0F;
  numbers[1] = 0.0F;
  const mesh::Shard x = shard_with(input, numbers);
  const std::vector<float> turned = floats(trial(input, {1, 0}).run({x}));
  std::vector<float> want = reference(floats(x), input.shape, {1, 0});
  mesh::quantise(want, want, DataType::Bfp8B, 16);
  EXPECT_EQ(turned, want);
  EXPECT_EQ(turned[1], 0.0F);
}

TEST(Permute, TakesPlacementsAlong) {
  const TensorSpec input{
      .shape = {1, 8, 32, 64},
      .distribution = {.mesh = {2, 4}, .placements = {mesh::shard(1), mesh::stacked(3)}}};
  const TensorSpec out = trial(input, {0, 2, -1, 1}).infer();
  EXPECT_EQ(out.shape, (mesh::Shape{1, 32, 64, 8}));
  EXPECT_EQ(mesh::to_string(out.distribution), "[Shard(3), Stacked(2)]");
  TensorSpec owed = input;
  owed.distribution.placements[1] = mesh::partial();
  EXPECT_EQ(trial(owed, {3, 2, 1, 0}).infer().distribution.along(1), mesh::partial());
}

TEST(Permute, ReadsAndWritesTheTensorWithItsNewPadding) {
  const auto work =
      std::get<sim::StreamWork>(trial({.shape = {1, 32, 1, 64}}, {0, 2, 1, 3}).cost());
  EXPECT_EQ(work.dram_bytes, (64 + 2) * 2048);
}

TEST(Permute, RefusesDimsThatAreNotAnOrder) {
  const auto refused = [](Dims dims) {
    return refusal([&] { return trial({.shape = {1, 32, 64}}, dims).infer(); });
  };
  EXPECT_EQ(refused({0, 1, 1}), "[permute] dims [0, 1, 1] of [1, 32, 64], needs each dim once");
  EXPECT_THAT(refused({1, 0}), HasSubstr("needs each dim once"));
  EXPECT_NE(refused({0, 1, 3}), "accepted");
}

}  // namespace
}  // namespace ttmesh::ops
