#include "ops/transpose.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "tests/ops/op_trial.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;

OpTrial trial(const TensorSpec& input, int dim0, int dim1) {
  return OpTrial("transpose", {{"dim0", std::int64_t{dim0}}, {"dim1", std::int64_t{dim1}}},
                 {input});
}

TEST(Transpose, ExchangesAnyTwoDims) {
  const TensorSpec input{.shape = {2, 3, 4, 5}, .dtype = DataType::Float32};
  std::vector<float> numbers(120);
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  const mesh::Shard x = shard_with(input, numbers);
  for (int dim0 = 0; dim0 < 4; ++dim0) {
    for (int dim1 = 0; dim1 < 4; ++dim1) {
      const mesh::Shard out = trial(input, dim0, dim1 - 4).run({x});
      std::vector<std::int64_t> order{0, 1, 2, 3};
      std::swap(order[static_cast<std::size_t>(dim0)], order[static_cast<std::size_t>(dim1)]);
      const std::int64_t strides[] = {60, 20, 5, 1};
      std::vector<float> want;
      const auto extent = [&](std::size_t dim) {
        return input.shape[static_cast<int>(order[dim])];
      };
      for (std::int64_t i = 0; i < extent(0); ++i) {
        for (std::int64_t j = 0; j < extent(1); ++j) {
          for (std::int64_t k = 0; k < extent(2); ++k) {
            for (std::int64_t l = 0; l < extent(3); ++l) {
              want.push_back(static_cast<float>(i * strides[order[0]] + j * strides[order[1]] +
                                                k * strides[order[2]] + l * strides[order[3]]));
            }
          }
        }
      }
      EXPECT_EQ(floats(out), want) << dim0 << " and " << dim1;
      EXPECT_EQ(out.shape(), (mesh::Shape{extent(0), extent(1), extent(2), extent(3)}));
    }
  }
}

TEST(Transpose, TakesPlacementsAlong) {
  const TensorSpec input{
      .shape = {1, 8, 32, 64},
      .distribution = {.mesh = {2, 4}, .placements = {mesh::shard(1), mesh::shard(2)}}};
  EXPECT_EQ(mesh::to_string(trial(input, 1, 2).infer().distribution), "[Shard(2), Shard(1)]");
  EXPECT_EQ(mesh::to_string(trial(input, 1, 3).infer().distribution), "[Shard(3), Shard(2)]");
}

TEST(Transpose, ReadsAndWritesTheTensorWithItsNewPadding) {
  const TensorSpec input{.shape = {1, 32, 1, 64}};
  const auto work = std::get<sim::StreamWork>(trial(input, 1, 2).cost());
  EXPECT_EQ(work.dram_bytes, (64 + 2) * 2048);
}

TEST(Transpose, RefusesADimOutOfRange) {
  EXPECT_THROW(trial({.shape = {32, 64}}, 0, 2).infer(), std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::ops
