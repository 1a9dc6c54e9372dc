#include "ops/matmul.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "mesh/tensor/convert.hpp"
#include "ops/product.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Shape;
using mesh::TensorSpec;
using ::testing::HasSubstr;

mesh::Attributes attributes(DataType dtype, Activation activation = Activation::None) {
  return {{"activation", std::string(name(activation))},
          {"dtype", std::string(mesh::name(dtype))},
          {"memory", std::string("dram")},
          {"fidelity", std::string("hifi4")},
          {"fp32_accumulate", false}};
}

TensorSpec spec(Shape shape, DataType dtype) { return {.shape = std::move(shape), .dtype = dtype}; }

// [m, k] * [k, n] in double precision.
std::vector<double> naive(const std::vector<float>& a, const std::vector<float>& b, std::int64_t m,
                          std::int64_t k, std::int64_t n) {
  std::vector<double> c(static_cast<std::size_t>(m * n), 0.0);
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t l = 0; l < k; ++l) {
      const double x = a[static_cast<std::size_t>(i * k + l)];
      for (std::int64_t j = 0; j < n; ++j) {
        c[static_cast<std::size_t>(i * n + j)] += x * b[static_cast<std::size_t>(l * n + j)];
      }
    }
  }
  return c;
}

std::vector<float> rounded(const std::vector<double>& values, DataType dtype, std::int64_t row) {
  const std::vector<float> in(values.begin(), values.end());
  std::vector<float> out(in.size());
  mesh::quantise(in, out, dtype, row);
  return out;
}

// A rounding step of the dtype at values of this size: sums in another order may round otherwise.
double step(DataType dtype) {
  switch (dtype) {
    case DataType::Float32:
      return 1e-5;
    case DataType::Bfloat16:
      return 1.0 / 128;
    case DataType::Bfp8B:
      return 1.0 / 64;
    default:
      return 1.0 / 4;
  }
}

void expect_close(const std::vector<float>& got, const std::vector<float>& want, DataType dtype) {
  ASSERT_EQ(got.size(), want.size());
  double largest = 0;
  for (const float value : want) largest = std::max(largest, std::abs(double{value}));
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], want[i], step(dtype) * largest) << "at " << i;
  }
}

struct Sizes {
  std::int64_t m;
  std::int64_t k;
  std::int64_t n;
};

class MatmulValues
    : public testing::TestWithParam<std::tuple<Sizes, DataType, DataType, DataType>> {};

TEST_P(MatmulValues, MatchTheNaiveProductOfTheRoundedOperands) {
  const auto [sizes, a_type, b_type, out_type] = GetParam();
  const TensorSpec a = spec({1, 1, sizes.m, sizes.k}, a_type);
  const TensorSpec b = spec({1, 1, sizes.k, sizes.n}, b_type);
  const mesh::Shard x = random_shard(a, 1);
  const mesh::Shard w = random_shard(b, 2);
  const std::vector<float> want =
      rounded(naive(floats(x), floats(w), sizes.m, sizes.k, sizes.n), out_type, sizes.n);
  for (const char* op : {"matmul", "linear"}) {
    const OpTrial trial(op, attributes(out_type), {a, b});
    const mesh::Shard out = trial.run({x, w});
    EXPECT_EQ(out.shape(), (Shape{1, 1, sizes.m, sizes.n}));
    expect_close(floats(out), want, out_type);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, MatmulValues,
    testing::Combine(testing::Values(Sizes{32, 64, 96}, Sizes{1, 128, 40}, Sizes{8, 32, 1},
                                     Sizes{70, 100, 700}, Sizes{256, 160, 64}),
                     testing::Values(DataType::Bfloat16, DataType::Bfp8B, DataType::Float32),
                     testing::Values(DataType::Bfloat16, DataType::Bfp4B, DataType::Float32),
                     testing::Values(DataType::Bfloat16, DataType::Bfp8B, DataType::Float32)));

TEST(Matmul, RoundsOnceToNearestEven) {
  // 1 + 2^-8 lies between two bfloat16 values and goes to the even one; a little more goes up.
  const TensorSpec a = spec({1, 2}, DataType::Float32);
  const TensorSpec b = spec({2, 1}, DataType::Float32);
  const OpTrial trial("matmul", attributes(DataType::Bfloat16), {a, b});
  const mesh::Shard ones = shard_with(b, {1.0F, 1.0F});
  EXPECT_EQ(floats(trial.run({shard_with(a, {1.0F, 1.0F / 256}), ones})).front(), 1.0F);
  EXPECT_EQ(floats(trial.run({shard_with(a, {1.0F, 1.0F / 255}), ones})).front(),
            1.0F + 1.0F / 128);
  EXPECT_EQ(floats(trial.run({shard_with(a, {1.0F, 3.0F / 256}), ones})).front(), 1.0F + 1.0F / 64);
}

TEST(Matmul, RoundsBfloat16OperandsToNearestEven) {
  const TensorSpec a = spec({1, 2}, DataType::Bfloat16);
  const TensorSpec b = spec({2, 1}, DataType::Bfloat16);
  const OpTrial trial("linear", attributes(DataType::Bfloat16), {a, b});
  const mesh::Shard ones = shard_with(b, {1.0F, 1.0F});
  EXPECT_EQ(floats(trial.run({shard_with(a, {1.0F, 1.0F / 256}), ones})).front(), 1.0F);
  EXPECT_EQ(floats(trial.run({shard_with(a, {1.0F, 3.0F / 256}), ones})).front(), 1.0F + 1.0F / 64);
}

TEST(Matmul, MultipliesBatchByBatch) {
  const TensorSpec a = spec({2, 3, 4, 8}, DataType::Float32);
  const TensorSpec b = spec({2, 3, 8, 5}, DataType::Float32);
  const mesh::Shard x = random_shard(a, 3);
  const mesh::Shard y = random_shard(b, 4);
  const std::vector<float> got =
      floats(OpTrial("matmul", attributes(DataType::Float32), {a, b}).run({x, y}));
  const std::vector<float> left = floats(x);
  const std::vector<float> right = floats(y);
  for (std::ptrdiff_t batch = 0; batch < 6; ++batch) {
    const std::vector<float> want =
        rounded(naive({left.begin() + batch * 32, left.begin() + (batch + 1) * 32},
                      {right.begin() + batch * 40, right.begin() + (batch + 1) * 40}, 4, 8, 5),
                DataType::Float32, 5);
    expect_close({got.begin() + batch * 20, got.begin() + (batch + 1) * 20}, want,
                 DataType::Float32);
  }
}

TEST(Matmul, RepeatsOneFirstOperandOverBatches) {
  for (const DataType dtype : {DataType::Bfloat16, DataType::Float32}) {
    const TensorSpec a = spec({1, 1, 4, 8}, DataType::Float32);
    const TensorSpec b = spec({1, 3, 8, 5}, dtype);
    const mesh::Shard x = random_shard(a, 5);
    const mesh::Shard y = random_shard(b, 6);
    const OpTrial trial("matmul", attributes(DataType::Float32), {a, b});
    EXPECT_EQ(trial.infer().shape, (Shape{1, 3, 4, 5}));
    const std::vector<float> got = floats(trial.run({x, y}));
    const std::vector<float> right = floats(y);
    for (std::ptrdiff_t batch = 0; batch < 3; ++batch) {
      const auto want = rounded(
          naive(floats(x), {right.begin() + batch * 40, right.begin() + (batch + 1) * 40}, 4, 8, 5),
          DataType::Float32, 5);
      expect_close({got.begin() + batch * 20, got.begin() + (batch + 1) * 20}, want,
                   DataType::Float32);
    }
  }
}

TEST(Matmul, AddsTheBiasThenAppliesTheActivationThenRounds) {
  const std::int64_t n = 2500;  // Longer than a part that is finished at a time.
  const TensorSpec a = spec({1, 1, 3, 16}, DataType::Bfloat16);
  const TensorSpec b = spec({1, 1, 16, n}, DataType::Bfloat16);
  const TensorSpec bias = spec({1, 1, 1, n}, DataType::Bfloat16);
  const mesh::Shard x = random_shard(a, 1);
  const mesh::Shard w = random_shard(b, 2);
  const mesh::Shard c = random_shard(bias, 3);
  std::vector<double> sums = naive(floats(x), floats(w), 3, 16, n);
  const std::vector<float> added = floats(c);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double sum = sums[i] + added[i % static_cast<std::size_t>(n)];
    sums[i] = sum / (1.0 + std::exp(-sum));
  }
  const OpTrial trial("linear", attributes(DataType::Bfp8B, Activation::Silu), {a, b, bias});
  expect_close(floats(trial.run({x, w, c})), rounded(sums, DataType::Bfp8B, n), DataType::Bfp8B);
}

TEST(Linear, HoldsTheWeightPackedAndGivesItBackUnchanged) {
  for (const DataType dtype : {DataType::Bfloat16, DataType::Float32}) {
    if (dtype == DataType::Bfloat16 && matmul_cpu_path() != "bf16") continue;
    const TensorSpec a = spec({1, 1, 5, 37}, dtype);
    const TensorSpec b = spec({1, 1, 37, 70}, dtype);
    const mesh::Shard w = random_shard(b, 2);
    const std::vector<float> before = floats(w);
    const OpTrial trial("linear", attributes(dtype), {a, b});
    const mesh::Shard x = random_shard(a, 1);
    const std::vector<float> first = floats(trial.run({x, w}));
    ASSERT_NE(w.block().packed(), nullptr);
    EXPECT_GE(w.block().packed()->bytes(), before.size() * (dtype == DataType::Float32 ? 4 : 2));
    EXPECT_EQ(floats(w), before);
    EXPECT_EQ(floats(trial.run({x, w})), first);
  }
}

TEST(Linear, UsesOnePackedWeightForEveryNumberOfRows) {
  const TensorSpec b = spec({1, 1, 64, 48}, DataType::Bfloat16);
  const mesh::Shard w = random_shard(b, 2);
  for (const std::int64_t m : {1, 2, 8, 32, 33, 128, 512}) {
    const TensorSpec a = spec({1, 1, m, 64}, DataType::Bfloat16);
    const mesh::Shard x = random_shard(a, 1);
    const OpTrial trial("linear", attributes(DataType::Float32), {a, b});
    expect_close(floats(trial.run({x, w})),
                 rounded(naive(floats(x), floats(w), m, 64, 48), DataType::Float32, 48),
                 DataType::Float32);
  }
}

TEST(Matmul, LeavesItsSecondOperandInPlainOrder) {
  const TensorSpec a = spec({1, 1, 5, 37}, DataType::Bfloat16);
  const TensorSpec b = spec({1, 1, 37, 70}, DataType::Bfloat16);
  const mesh::Shard y = random_shard(b, 2);
  (void)OpTrial("matmul", attributes(DataType::Bfloat16), {a, b}).run({random_shard(a, 1), y});
  EXPECT_EQ(y.block().packed(), nullptr);
}

TEST(Linear, GivesTheSameOnManyThreadsWithSharedAndOwnWeights) {
  const TensorSpec a = spec({1, 1, 32, 96}, DataType::Bfloat16);
  const TensorSpec b = spec({1, 1, 96, 160}, DataType::Bfloat16);
  const OpTrial trial("linear", attributes(DataType::Bfloat16), {a, b});
  const mesh::Shard x = random_shard(a, 1);
  const std::vector<float> want_shared = floats(trial.run({x, random_shard(b, 2)}));
  const mesh::Shard shared = random_shard(b, 2);
  std::vector<int> wrong(8, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    threads.emplace_back([&, i] {
      const mesh::Shard own = random_shard(b, 2);
      for (int round = 0; round < 20; ++round) {
        if (floats(trial.run({x, shared})) != want_shared) ++wrong[i];
        if (floats(trial.run({x, own})) != want_shared) ++wrong[i];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

TEST(Matmul, CountsTilesOfThePaddedLocalShapes) {
  TensorSpec a = spec({1, 2, 40, 100}, DataType::Bfloat16);
  a.memory = mesh::kL1Interleaved;
  TensorSpec b = spec({1, 1, 100, 65}, DataType::Bfp8B);
  b.memory = {mesh::BufferType::Dram, mesh::MemoryLayout::WidthSharded, 12};
  mesh::Attributes options = attributes(DataType::Bfp8B);
  options.set("fidelity", std::string("lofi"));
  options.set("fp32_accumulate", true);
  options.set("grid", std::vector<std::int64_t>{8, 4});
  const auto work = std::get<sim::MatmulWork>(OpTrial("linear", options, {a, b}).cost());
  EXPECT_EQ(work.batches, 1);
  EXPECT_EQ(work.m_tiles, 4);
  EXPECT_EQ(work.k_tiles, 4);
  EXPECT_EQ(work.n_tiles, 3);
  EXPECT_EQ(work.in0.tile_bytes, 2048);
  EXPECT_EQ(work.in0.buffer, sim::BufferType::L1);
  EXPECT_EQ(work.in1.tile_bytes, 1088);
  EXPECT_EQ(work.in1.buffer, sim::BufferType::Dram);
  EXPECT_EQ(work.out.tile_bytes, 1088);
  EXPECT_EQ(work.fidelity, sim::MathFidelity::LoFi);
  EXPECT_TRUE(work.fp32_accumulate);
  EXPECT_TRUE(work.in1_dram_sharded);
  EXPECT_EQ(work.grid, (sim::CoreGrid{8, 4}));
}

TEST(Matmul, CountsBatchesWhereBothOperandsHaveThem) {
  const auto work = std::get<sim::MatmulWork>(
      OpTrial("matmul", attributes(DataType::Bfloat16),
              {spec({2, 4, 32, 64}, DataType::Bfloat16), spec({2, 4, 64, 32}, DataType::Bfloat16)})
          .cost());
  EXPECT_EQ(work.batches, 8);
  EXPECT_EQ(work.m_tiles, 1);
  EXPECT_FALSE(work.in1_dram_sharded);
  EXPECT_EQ(work.grid, std::nullopt);
}

TEST(Matmul, RefusesShapesThatDoNotFit) {
  const auto infer = [](Shape a, Shape b) {
    return refusal([&] {
      (void)OpTrial("linear", attributes(DataType::Bfloat16),
                    {spec(a, DataType::Bfloat16), spec(b, DataType::Bfloat16)})
          .infer();
    });
  };
  EXPECT_THAT(infer({1, 1, 32, 64}, {1, 1, 32, 64}),
              HasSubstr("[linear] inner dims differ: input a is [1, 1, 32, 64] and input b [1, 1, "
                        "32, 64] on each chip, needs 64 rows in input b"));
  EXPECT_THAT(infer({1, 2, 32, 64}, {1, 3, 64, 64}), HasSubstr("differ in dim 1"));
  EXPECT_THAT(infer({2, 1, 32, 64}, {1, 3, 64, 64}), HasSubstr("batch dims"));
  EXPECT_THAT(infer({64}, {64, 64}), HasSubstr("input a has shape [64], needs a rank of at least"));
}

TEST(Matmul, RefusesRowMajorIntegersAndOddBiases) {
  const TensorSpec a = spec({1, 1, 32, 64}, DataType::Bfloat16);
  TensorSpec row_major = a;
  row_major.layout = mesh::Layout::RowMajor;
  const TensorSpec b = spec({1, 1, 64, 32}, DataType::Bfloat16);
  const auto infer = [](DataType dtype, std::vector<TensorSpec> inputs) {
    return refusal([&] { (void)OpTrial("matmul", attributes(dtype), inputs).infer(); });
  };
  EXPECT_THAT(infer(DataType::Bfloat16, {row_major, b}),
              HasSubstr("[matmul] input a is row-major, needs tile layout"));
  EXPECT_THAT(infer(DataType::Bfloat16, {a, spec({1, 1, 64, 32}, DataType::Int32)}),
              HasSubstr("[matmul] input b is int32, needs a floating-point dtype"));
  EXPECT_THAT(infer(DataType::Int32, {a, b}), HasSubstr("output dtype is int32"));
  EXPECT_THAT(infer(DataType::Bfloat16, {a, b, spec({1, 2, 1, 32}, DataType::Bfloat16)}),
              HasSubstr("bias [1, 2, 1, 32] does not repeat over the product"));
}

}  // namespace
}  // namespace ttmesh::ops
