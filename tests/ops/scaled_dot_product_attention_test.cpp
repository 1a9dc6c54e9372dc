#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Shape;
using mesh::TensorSpec;
using ::testing::HasSubstr;

struct Options {
  bool is_causal = true;
  std::int64_t chunk_start = 0;
  std::int64_t window = 0;
  double scale = 0;
  std::int64_t q_chunk = 64;
};

OpTrial trial(std::vector<TensorSpec> inputs, const Options& options = {}) {
  mesh::Attributes attributes{{"is_causal", options.is_causal},
                              {"chunk_start_idx", options.chunk_start},
                              {"q_chunk_size", options.q_chunk},
                              {"fidelity", std::string("hifi2")},
                              {"memory", std::string("dram")}};
  if (options.scale != 0) attributes.set("scale", options.scale);
  if (options.window != 0) attributes.set("sliding_window_size", options.window);
  return OpTrial("scaled_dot_product_attention", std::move(attributes), std::move(inputs));
}

TensorSpec spec(Shape shape, DataType dtype = DataType::Float32) {
  return {.shape = std::move(shape), .dtype = dtype};
}

// By the definition, all scores of a query at once, in float64.
using Score = std::function<double(std::int64_t b, std::int64_t h, std::int64_t i, std::int64_t j)>;
std::vector<double> reference(const mesh::Shard& q, const mesh::Shard& k, const mesh::Shard& v,
                              double scale, const Score& added) {
  const Shape& shape = q.shape();
  const std::int64_t keys = k.shape()[2];
  const std::int64_t group = shape[1] / k.shape()[1];
  const std::int64_t d = shape[3];
  const std::int64_t e = v.shape()[3];
  const std::vector<float> qs = floats(q);
  const std::vector<float> ks = floats(k);
  const std::vector<float> vs = floats(v);
  std::vector<double> out;
  for (std::int64_t row = 0; row < shape[0] * shape[1] * shape[2]; ++row) {
    const std::int64_t i = row % shape[2];
    const std::int64_t h = row / shape[2] % shape[1];
    const std::int64_t b = row / shape[2] / shape[1];
    const std::int64_t first_key = (b * k.shape()[1] + h / group) * keys;
    std::vector<double> scores;
    double most = -std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j < keys; ++j) {
      double dot = 0;
      for (std::int64_t c = 0; c < d; ++c) {
        dot += double{qs[static_cast<std::size_t>(row * d + c)]} *
               ks[static_cast<std::size_t>((first_key + j) * d + c)];
      }
      scores.push_back(dot * scale + added(b, h, i, j));
      most = std::max(most, scores.back());
    }
    double total = 0;
    for (double& score : scores) total += score = std::exp(score - most);
    for (std::int64_t c = 0; c < e; ++c) {
      double sum = 0;
      for (std::int64_t j = 0; j < keys; ++j) {
        sum += scores[static_cast<std::size_t>(j)] / total *
               vs[static_cast<std::size_t>((first_key + j) * e + c)];
      }
      out.push_back(sum);
    }
  }
  return out;
}

Score causal(const Options& options) {
  return [options](std::int64_t, std::int64_t, std::int64_t i, std::int64_t j) {
    const std::int64_t position = options.chunk_start + i;
    const bool sees = j <= position && (options.window == 0 || j > position - options.window);
    return sees ? 0.0 : -std::numeric_limits<double>::infinity();
  };
}

void expect_near(const std::vector<float>& got, const std::vector<double>& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], tolerance) << i;
}

struct Case {
  Shape q;
  Shape k;
  Options options{};
};

class Attention : public testing::TestWithParam<Case> {};

TEST_P(Attention, EqualsItsDefinition) {
  const auto& [q_shape, k_shape, options] = GetParam();
  const double scale =
      options.scale != 0 ? options.scale : 1 / std::sqrt(static_cast<double>(q_shape[3]));
  for (const DataType dtype : {DataType::Float32, DataType::Bfloat16, DataType::Bfp8B}) {
    const TensorSpec q = spec(q_shape, dtype);
    const TensorSpec k = spec(k_shape, dtype);
    const std::vector shards{random_shard(q, 1), random_shard(k, 2), random_shard(k, 3)};
    const Score added =
        options.is_causal ? causal(options) : [](auto, auto, auto, auto) { return 0.0; };
    const double tolerance = dtype == DataType::Float32 ? 1e-5 : 0.03;
    expect_near(floats(trial({q, k, k}, options).run(shards)),
                reference(shards[0], shards[1], shards[2], scale, added), tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Attention,
    testing::Values(Case{{1, 1, 1, 32}, {1, 1, 1, 32}}, Case{{2, 4, 33, 32}, {2, 2, 33, 32}},
                    Case{{1, 8, 300, 64}, {1, 1, 300, 64}},
                    Case{{1, 2, 128, 64}, {1, 2, 128, 64}, {.is_causal = false}},
                    Case{{1, 2, 40, 32}, {1, 1, 600, 32}, {.is_causal = false, .scale = 0.3}},
                    Case{{1, 2, 64, 32}, {1, 1, 640, 32}, {.chunk_start = 512}},
                    Case{{1, 2, 64, 32}, {1, 1, 640, 32}, {.chunk_start = 500, .window = 100}},
                    Case{{1, 2, 700, 32}, {1, 2, 700, 32}, {.window = 64}},
                    Case{{1, 1, 64, 32}, {1, 1, 64, 32}, {.window = 1}}));

TEST(ScaledDotProductAttention, AddsAMaskThatRepeats) {
  const TensorSpec q = spec({2, 4, 40, 32});
  const TensorSpec k = spec({2, 2, 300, 32});
  const std::vector shards{random_shard(q, 1), random_shard(k, 2), random_shard(k, 3)};
  for (const Shape& shape : {Shape{1, 1, 40, 300}, Shape{2, 4, 40, 300}, Shape{2, 1, 40, 300}}) {
    const TensorSpec of_mask = spec(shape);
    const mesh::Shard mask = random_shard(of_mask, 4);
    const std::vector<float> values = floats(mask);
    const Score added = [&](std::int64_t b, std::int64_t h, std::int64_t i, std::int64_t j) {
      const std::int64_t row = ((b % shape[0]) * shape[1] + h % shape[1]) * 40 + i;
      return double{values[static_cast<std::size_t>(row * 300 + j)]};
    };
    expect_near(floats(trial({q, k, k, of_mask}, {.is_causal = false})
                           .run({shards[0], shards[1], shards[2], mask})),
                reference(shards[0], shards[1], shards[2], 1 / std::sqrt(32.0), added), 1e-5);
  }
}

TEST(ScaledDotProductAttention, GivesZerosWhereNothingIsSeen) {
  const TensorSpec q = spec({1, 1, 1, 32});
  const TensorSpec k = spec({1, 1, 300, 32});
  const TensorSpec mask = spec({1, 1, 1, 300});
  const mesh::Shard none =
      shard_with(mask, std::vector<float>(300, -std::numeric_limits<float>::infinity()));
  EXPECT_THAT(floats(trial({q, k, k, mask}, {.is_causal = false})
                         .run({random_shard(q, 1), random_shard(k, 2), random_shard(k, 3), none})),
              testing::Each(0.0F));
}

TEST(ScaledDotProductAttention, HidesNoNan) {
  const TensorSpec q = spec({1, 1, 2, 32});
  const TensorSpec k = spec({1, 1, 300, 32});
  std::vector<float> numbers = floats(random_shard(q, 1));
  numbers[32] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> got =
      floats(trial({q, k, k}, {.chunk_start = 298})
                 .run({shard_with(q, numbers), random_shard(k, 2), random_shard(k, 3)}));
  for (std::size_t i = 0; i < 64; ++i) ASSERT_EQ(std::isnan(got[i]), i >= 32) << i;
}

TEST(ScaledDotProductAttention, TakesValuesOfAnotherWidthAndFormat) {
  const TensorSpec q = spec({1, 2, 64, 32}, DataType::Bfloat16);
  const TensorSpec k = spec({1, 1, 64, 32}, DataType::Bfp8B);
  const TensorSpec v = spec({1, 1, 64, 96}, DataType::Float32);
  const OpTrial op = trial({q, k, v});
  EXPECT_EQ(op.infer().shape, (Shape{1, 2, 64, 96}));
  EXPECT_EQ(op.infer().dtype, DataType::Bfloat16);
  const std::vector shards{random_shard(q, 1), random_shard(k, 2), random_shard(v, 3)};
  expect_near(floats(op.run(shards)),
              reference(shards[0], shards[1], shards[2], 1 / std::sqrt(32.0), causal({})), 0.02);
}

TEST(ScaledDotProductAttention, StaysFiniteWithLargeScores) {
  const TensorSpec q = spec({1, 1, 600, 32});
  std::vector<float> numbers = floats(random_shard(q, 1));
  for (float& number : numbers) number *= 100;
  const mesh::Shard x = shard_with(q, numbers);
  const mesh::Shard v = random_shard(q, 3);
  expect_near(floats(trial({q, q, q}).run({x, x, v})),
              reference(x, x, v, 1 / std::sqrt(32.0), causal({})), 1e-4);
}

TensorSpec placed(Shape shape, mesh::Placement columns) {
  TensorSpec of = spec(std::move(shape));
  of.distribution = {.mesh = {1, 4}, .placements = {mesh::replicate(), columns}};
  return of;
}

std::string flow(mesh::Placement of_query, mesh::Placement of_key) {
  const TensorSpec q = placed({2, 8, 64, 32}, of_query);
  const TensorSpec k = placed({2, 2, 64, 32}, of_key);
  std::string text;
  const std::string refused = refusal([&] {
    text = to_string(trial({q, k, k}).infer().distribution.along(1));
    return text;
  });
  return refused == "accepted" ? text : refused;
}

TEST(ScaledDotProductAttention, TakesUsersAndHeadsSharded) {
  using mesh::replicate;
  using mesh::shard;
  EXPECT_EQ(flow(replicate(), replicate()), "Replicate");
  EXPECT_EQ(flow(shard(0), shard(0)), "Shard(0)");
  EXPECT_EQ(flow(shard(1), shard(1)), "Shard(1)");
  EXPECT_THAT(flow(shard(1), replicate()),
              HasSubstr("key is Replicate along cluster_axis 1 and query is Shard(1), needs key "
                        "Shard(1): mesh_partition with dim 1 and cluster_axis 1 first"));
  EXPECT_THAT(flow(replicate(), shard(1)), HasSubstr("all_gather with cluster_axis 1 first"));
  EXPECT_THAT(flow(shard(2), replicate()),
              HasSubstr("query is Shard(2) along cluster_axis 1, needs dim 2 whole"));
  EXPECT_THAT(flow(replicate(), shard(2)),
              HasSubstr("all_gather with dim 2 and cluster_axis 1 first"));
  EXPECT_THAT(flow(mesh::partial(), replicate()), HasSubstr("query is Partial"));
  EXPECT_THAT(flow(replicate(), mesh::partial()), HasSubstr("key is Partial"));
}

TEST(ScaledDotProductAttention, TakesAMaskThatLiesAsTheQuery) {
  const TensorSpec q = placed({2, 8, 64, 32}, mesh::shard(1));
  const TensorSpec k = placed({2, 2, 64, 32}, mesh::shard(1));
  const auto refused = [&](Shape shape, mesh::Placement columns) {
    const TensorSpec mask = placed(std::move(shape), columns);
    return refusal([&] { return trial({q, k, k, mask}, {.is_causal = false}).infer(); });
  };
  EXPECT_EQ(refused({1, 1, 64, 64}, mesh::replicate()), "accepted");
  EXPECT_EQ(refused({1, 8, 64, 64}, mesh::shard(1)), "accepted");
  EXPECT_THAT(refused({1, 8, 64, 64}, mesh::replicate()), HasSubstr("needs attn_mask Shard(1)"));
  EXPECT_THAT(refused({1, 4, 64, 64}, mesh::shard(1)), HasSubstr("1 or 8 heads in dim 1"));
  EXPECT_THAT(refused({1, 1, 32, 64}, mesh::replicate()), HasSubstr("needs 64 queries in dim 2"));
}

TEST(ScaledDotProductAttention, RefusesShapesAndOptionsThatDoNotFit) {
  const TensorSpec q = spec({2, 8, 64, 32});
  const auto refused = [&](const TensorSpec& k, const Options& options = {}) {
    return refusal([&] { return trial({q, k, k}, options).infer(); });
  };
  EXPECT_THAT(refused(spec({2, 8, 64, 64})), HasSubstr("one head dim"));
  EXPECT_THAT(refused(spec({2, 3, 64, 32})), HasSubstr("a multiple of the key heads"));
  EXPECT_THAT(refused(spec({1, 8, 64, 32})), HasSubstr("the same users"));
  EXPECT_THAT(refused(spec({2, 8, 32, 32})), HasSubstr("a key for each query's position"));
  EXPECT_THAT(refused(spec({2, 8, 64, 32}), {.chunk_start = 1}),
              HasSubstr("64 queries from chunk_start_idx 1 on and 64 keys"));
  EXPECT_THAT(refused(spec({2, 8, 64, 32}), {.is_causal = false, .window = 8}),
              HasSubstr("sliding_window_size is 8 without is_causal"));
  EXPECT_THAT(refused(spec({2, 8, 64, 32}), {.q_chunk = 0}), HasSubstr("q_chunk_size is 0"));
  EXPECT_THAT(refusal([&] {
                return trial({q, q, q, spec({1, 1, 64, 64})}).infer();
              }),
              HasSubstr("attn_mask with is_causal"));
}

sim::StreamWork work_of(const TensorSpec& q, const TensorSpec& k, const Options& options = {}) {
  return std::get<sim::StreamWork>(trial({q, k, k}, options).cost());
}

TEST(ScaledDotProductAttention, PaysForVisibleTilesAlone) {
  const TensorSpec q = spec({1, 4, 256, 64}, DataType::Bfloat16);
  const TensorSpec k = spec({1, 2, 256, 64}, DataType::Bfp8B);
  const std::int64_t once = 2 * 4 * 8 * 2 * 2048;
  const std::int64_t key_tile = 4 * 1088;
  const sim::StreamWork all = work_of(q, k, {.is_causal = false});
  EXPECT_EQ(all.tiles, 4 * 8 * 8);
  EXPECT_EQ(all.cycles_per_tile, 4 * 32 + 512 + 4 * 8);
  EXPECT_EQ(all.dram_bytes, once + 4 * 4 * 8 * key_tile);
  const sim::StreamWork half = work_of(q, k);
  EXPECT_EQ(half.tiles, 4 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8));
  EXPECT_EQ(half.dram_bytes, once + 4 * (2 + 4 + 6 + 8) * key_tile);
  EXPECT_EQ(work_of(q, k, {.window = 32}).tiles, 4 * (1 + 7 * 2));
  EXPECT_EQ(work_of(q, k, {.q_chunk = 256}).dram_bytes, once + 4 * 8 * key_tile);
}

}  // namespace
}  // namespace ttmesh::ops
