#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "ops/box.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Shape;
using mesh::TensorSpec;
using ::testing::HasSubstr;
using Positions = std::vector<std::int64_t>;

constexpr std::int64_t kHeads = 8;
constexpr std::int64_t kKeyHeads = 2;
constexpr std::int64_t kKeys = 600;
constexpr std::int64_t kHeadDim = 64;

TensorSpec spec(Shape shape, DataType dtype = DataType::Float32) {
  return {.shape = std::move(shape), .dtype = dtype};
}

TensorSpec query(std::int64_t users, DataType dtype = DataType::Float32) {
  return spec({1, users, kHeads, kHeadDim}, dtype);
}

TensorSpec cache(std::int64_t users, DataType dtype = DataType::Float32) {
  return spec({users, kKeyHeads, kKeys, kHeadDim}, dtype);
}

TensorSpec position_spec(std::int64_t users) {
  return {.shape = {users}, .dtype = DataType::Int32, .layout = mesh::Layout::RowMajor};
}

struct Options {
  bool is_causal = true;
  Positions cur_pos{};
  bool tensor = false;
  bool mask = false;
  std::int64_t window = 0;
  std::int64_t longest = -2;
};

OpTrial trial(std::vector<TensorSpec> inputs, const Options& options) {
  mesh::Attributes attributes{{"is_causal", options.is_causal},   {"cur_pos", options.cur_pos},
                              {"cur_pos_tensor", options.tensor}, {"attn_mask", options.mask},
                              {"fidelity", std::string("hifi2")}, {"memory", std::string("dram")}};
  if (options.window != 0) attributes.set("sliding_window_size", options.window);
  if (options.longest != -2) attributes.set("longest_cur_pos", options.longest);
  return OpTrial("scaled_dot_product_attention_decode", std::move(attributes), std::move(inputs));
}

// One user and one head after another, all scores at once, in float64; mask [b, 1, h, t] or empty.
std::vector<double> reference(const std::vector<mesh::Shard>& shards, const Positions& positions,
                              std::int64_t window, const std::vector<float>& mask = {}) {
  const std::vector<float> q = floats(shards[0]);
  const std::vector<float> k = floats(shards[1]);
  const std::vector<float> v = floats(shards[2]);
  std::vector<double> out;
  for (std::size_t row = 0; row < positions.size() * kHeads; ++row) {
    const std::size_t user = row / kHeads;
    const std::size_t first = (user * kKeyHeads + row % kHeads / (kHeads / kKeyHeads)) * kKeys;
    const std::int64_t end = positions[user] + 1;
    const std::int64_t begin = window == 0 ? 0 : std::max<std::int64_t>(0, end - window);
    std::vector<double> terms(kHeadDim, 0.0);
    double total = 0;
    for (auto j = static_cast<std::size_t>(begin); j < static_cast<std::size_t>(end); ++j) {
      double dot = 0;
      for (std::size_t c = 0; c < kHeadDim; ++c) {
        dot += double{q[row * kHeadDim + c]} * k[(first + j) * kHeadDim + c];
      }
      const double added = mask.empty() ? 0.0 : double{mask[row * kKeys + j]};
      const double term = std::exp(dot / std::sqrt(double{kHeadDim}) + added);
      total += term;
      for (std::size_t c = 0; c < kHeadDim; ++c) terms[c] += term * v[(first + j) * kHeadDim + c];
    }
    for (const double term : terms) out.push_back(total > 0 ? term / total : 0.0);
  }
  return out;
}

void expect_near(const std::vector<float>& got, const std::vector<double>& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], tolerance) << i;
}

std::vector<mesh::Shard> shards_of(std::int64_t users, DataType dtype = DataType::Float32) {
  return {random_shard(query(users, dtype), 1), random_shard(cache(users, dtype), 2),
          random_shard(cache(users, dtype), 3)};
}

TEST(AttentionDecode, TakesEachUserToItsPosition) {
  const Positions positions{0, 599, 31, -1, 256};
  for (const DataType dtype : {DataType::Float32, DataType::Bfloat16, DataType::Bfp8B}) {
    const std::vector<mesh::Shard> shards = shards_of(5, dtype);
    const OpTrial op =
        trial({query(5, dtype), cache(5, dtype), cache(5, dtype)}, {.cur_pos = positions});
    expect_near(floats(op.run(shards)), reference(shards, positions, 0),
                dtype == DataType::Float32 ? 1e-5 : 0.03);
  }
}

TEST(AttentionDecode, TakesPositionsOfATensor) {
  std::vector<mesh::Shard> shards = shards_of(3);
  const OpTrial listed = trial({query(3), cache(3), cache(3)}, {.cur_pos = {5, -1, 300}});
  const std::vector<float> want = floats(listed.run(shards));
  shards.push_back(int_shard({3}, {5, -1, 300}));
  EXPECT_EQ(
      floats(trial({query(3), cache(3), cache(3), position_spec(3)}, {.tensor = true}).run(shards)),
      want);
}

TEST(AttentionDecode, SeesAWindow) {
  const Positions positions{10, 400, 599};
  const std::vector<mesh::Shard> shards = shards_of(3);
  for (const std::int64_t window : {1, 50, 300}) {
    expect_near(
        floats(trial({query(3), cache(3), cache(3)}, {.cur_pos = positions, .window = window})
                   .run(shards)),
        reference(shards, positions, window), 1e-5);
  }
}

TEST(AttentionDecode, AddsAMaskWithoutPositions) {
  std::vector<mesh::Shard> shards = shards_of(2);
  const TensorSpec mask = spec({2, 1, kHeads, kKeys});
  const mesh::Shard values = random_shard(mask, 4);
  const std::vector<double> want = reference(shards, {599, 599}, 0, floats(values));
  shards.push_back(values);
  expect_near(floats(trial({query(2), cache(2), cache(2), mask}, {.is_causal = false, .mask = true})
                         .run(shards)),
              want, 1e-5);
}

TEST(AttentionDecode, IgnoresKeysPastThePosition) {
  std::vector<mesh::Shard> shards = shards_of(1);
  const OpTrial op = trial({query(1), cache(1), cache(1)}, {.cur_pos = {100}});
  const std::vector<float> want = floats(op.run(shards));
  for (const std::size_t of_cache : {1, 2}) {
    std::vector<float> numbers = floats(shards[of_cache]);
    for (std::size_t head = 0; head < kKeyHeads; ++head) {
      for (std::size_t i = std::size_t{101} * kHeadDim; i < std::size_t{kKeys} * kHeadDim; ++i) {
        numbers[head * kKeys * kHeadDim + i] = 1e6F;
      }
    }
    shards[of_cache] = shard_with(cache(1), numbers);
  }
  EXPECT_EQ(floats(op.run(shards)), want);
}

TEST(AttentionDecode, RefusesAPositionThatTheCacheLacks) {
  std::vector<mesh::Shard> shards = shards_of(2);
  shards.push_back(int_shard({2}, {0, kKeys}));
  const OpTrial op = trial({query(2), cache(2), cache(2), position_spec(2)}, {.tensor = true});
  EXPECT_THROW(op.run(shards), std::out_of_range);
  for (const std::int64_t position : {std::int64_t{-2}, kKeys}) {
    EXPECT_THAT(refusal([&] {
                  return trial({query(1), cache(1), cache(1)}, {.cur_pos = {position}}).infer();
                }),
                HasSubstr("of user 0, needs -1 (idle) or one of the 600 keys"));
  }
}

TensorSpec placed(TensorSpec of, mesh::Placement columns) {
  of.distribution = {.mesh = {1, 4}, .placements = {mesh::replicate(), columns}};
  return of;
}

TEST(AttentionDecode, TakesUsersAndHeadsSharded) {
  using mesh::replicate;
  using mesh::shard;
  const auto flow = [](mesh::Placement of_query, mesh::Placement of_cache,
                       mesh::Placement of_positions) {
    std::string text;
    const std::string refused = refusal([&] {
      text = to_string(trial({placed(query(8), of_query), placed(cache(8), of_cache),
                              placed(cache(8), of_cache), placed(position_spec(8), of_positions)},
                             {.tensor = true})
                           .infer()
                           .distribution.along(1));
      return text;
    });
    return refused == "accepted" ? text : refused;
  };
  EXPECT_EQ(flow(replicate(), replicate(), replicate()), "Replicate");
  EXPECT_EQ(flow(shard(1), shard(0), shard(0)), "Shard(1)");
  EXPECT_EQ(flow(shard(2), shard(1), replicate()), "Shard(2)");
  EXPECT_THAT(flow(shard(2), replicate(), replicate()), HasSubstr("needs key Shard(1)"));
  EXPECT_THAT(flow(shard(1), shard(0), replicate()),
              HasSubstr("cur_pos_tensor is Replicate along cluster_axis 1 and query is Shard(1), "
                        "needs Shard(0)"));
  EXPECT_THAT(flow(mesh::partial(), replicate(), replicate()), HasSubstr("query is Partial"));
  EXPECT_THAT(refusal([&] {
                return trial({placed(query(8), shard(1)), placed(cache(8), shard(0)),
                              placed(cache(8), shard(0))},
                             {.cur_pos = Positions(8, 0)})
                    .infer();
              }),
              HasSubstr("needs cur_pos_tensor, sharded likewise"));
}

TEST(AttentionDecode, RefusesOptionsThatDoNotFit) {
  const auto refused = [](const Options& options, const std::vector<TensorSpec>& more = {}) {
    std::vector<TensorSpec> inputs{query(2), cache(2), cache(2)};
    inputs.insert(inputs.end(), more.begin(), more.end());
    return refusal([&] { return trial(inputs, options).infer(); });
  };
  EXPECT_THAT(refused({}), HasSubstr("0 of cur_pos and cur_pos_tensor with is_causal, needs one"));
  EXPECT_THAT(refused({.is_causal = false, .cur_pos = {0, 0}}), HasSubstr("needs neither"));
  EXPECT_THAT(refused({.cur_pos = {0}}), HasSubstr("cur_pos has 1 positions, needs one for each"));
  EXPECT_THAT(refused({.tensor = true}, {position_spec(3)}), HasSubstr("needs [2]"));
  EXPECT_THAT(refused({.cur_pos = {0, 0}, .mask = true}, {spec({1, 1, 1, kKeys})}),
              HasSubstr("attn_mask with is_causal"));
  EXPECT_THAT(refused({.is_causal = false, .mask = true}, {spec({1, 2, 1, kKeys})}),
              HasSubstr("needs extent 1 in dim 1"));
  EXPECT_THAT(refused({.is_causal = false, .window = 4}), HasSubstr("without is_causal"));
}

TEST(AttentionDecode, PaysForKeysUpToThePositions) {
  const auto work = [](const Options& options, const std::vector<TensorSpec>& more = {}) {
    std::vector<TensorSpec> inputs{query(2, DataType::Bfloat16), cache(2, DataType::Bfp8B),
                                   cache(2, DataType::Bfp8B)};
    inputs.insert(inputs.end(), more.begin(), more.end());
    return std::get<sim::StreamWork>(trial(inputs, options).cost());
  };
  const std::int64_t once = 2 * 2 * 2 * 2048;
  const std::int64_t key_tile = 4 * 1088;
  const sim::StreamWork listed = work({.cur_pos = {31, 64}});
  EXPECT_EQ(listed.tiles, kKeyHeads * (1 + 3));
  EXPECT_EQ(listed.dram_bytes, once + kKeyHeads * (1 + 3) * key_tile);
  EXPECT_EQ(work({.cur_pos = {-1, 599}, .window = 32}).tiles, kKeyHeads * 2);
  EXPECT_EQ(work({.tensor = true}, {position_spec(2)}).tiles, kKeyHeads * 2 * 19);
  EXPECT_EQ(work({.tensor = true, .longest = 100}, {position_spec(2)}).tiles, kKeyHeads * 2 * 4);
}

}  // namespace
}  // namespace ttmesh::ops
