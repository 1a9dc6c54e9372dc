#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
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

constexpr std::int64_t kHeadDim = 64;

TensorSpec spec(Shape shape) { return {.shape = std::move(shape), .dtype = DataType::Float32}; }

// Exchanges neighbours, n times one below another.
mesh::Shard exchange(std::int64_t n = 1) {
  std::vector<float> numbers(static_cast<std::size_t>(n * 32 * 32), 0.0F);
  for (std::size_t first = 0; first < numbers.size(); first += 1024) {
    for (std::size_t even = 0; even < 32; even += 2) {
      numbers[first + even * 32 + even + 1] = 1;
      numbers[first + (even + 1) * 32 + even] = -1;
    }
  }
  return shard_with(spec({1, 1, n * 32, 32}), numbers);
}

float angle(std::int64_t position, std::int64_t pair) {
  return static_cast<float>(position) *
         std::pow(10000.0F, -2.0F * static_cast<float>(pair) / kHeadDim);
}

// Cosines and sines of `positions`, each pair's value twice.
std::pair<mesh::Shard, mesh::Shard> tables(const std::vector<std::int64_t>& positions,
                                           const Shape& shape) {
  std::vector<float> cos;
  std::vector<float> sin;
  for (const std::int64_t position : positions) {
    for (std::int64_t i = 0; i < kHeadDim; ++i) {
      cos.push_back(std::cos(angle(position, i / 2)));
      sin.push_back(std::sin(angle(position, i / 2)));
    }
  }
  return {shard_with(spec(shape), cos), shard_with(spec(shape), sin)};
}

// Pairs as complex numbers, turned by the angle of the row's position.
std::vector<float> reference(const std::vector<float>& x,
                             const std::vector<std::int64_t>& position_of_row) {
  std::vector<float> out(x.size());
  for (std::size_t row = 0; row < position_of_row.size(); ++row) {
    for (std::int64_t pair = 0; pair < kHeadDim / 2; ++pair) {
      const std::size_t at = row * kHeadDim + static_cast<std::size_t>(2 * pair);
      const float turn = angle(position_of_row[row], pair);
      out[at] = x[at] * std::cos(turn) - x[at + 1] * std::sin(turn);
      out[at + 1] = x[at + 1] * std::cos(turn) + x[at] * std::sin(turn);
    }
  }
  return out;
}

OpTrial rotary(bool decode, std::vector<TensorSpec> inputs) {
  return OpTrial("rotary_embedding_llama",
                 {{"is_decode_mode", decode}, {"memory", std::string("dram")}}, std::move(inputs));
}

void expect_near(const std::vector<float>& got, const std::vector<float>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-5) << i;
}

TEST(RotaryEmbedding, TurnsAPromptByPosition) {
  for (const std::int64_t length : {1, 32, 300}) {
    const TensorSpec input = spec({2, 3, length, kHeadDim});
    const mesh::Shard x = random_shard(input, 1);
    std::vector<std::int64_t> positions;
    std::vector<std::int64_t> of_row;
    for (std::int64_t i = 0; i < length; ++i) positions.push_back(1000 + i);
    for (int plane = 0; plane < 6; ++plane) {
      of_row.insert(of_row.end(), positions.begin(), positions.end());
    }
    const TensorSpec table = spec({1, 1, length, kHeadDim});
    const auto [cos, sin] = tables(positions, table.shape);
    const OpTrial op = rotary(false, {input, table, table, spec({1, 1, 32, 32})});
    expect_near(floats(op.run({x, cos, sin, exchange()})), reference(floats(x), of_row));
  }
}

TEST(RotaryEmbedding, TurnsTheTokenOfEachUserByItsPosition) {
  const std::vector<std::int64_t> positions{5, 0, 77, 31};
  const TensorSpec input = spec({1, 4, 3, kHeadDim});
  const mesh::Shard x = random_shard(input, 1);
  const TensorSpec table = spec({1, 4, 1, kHeadDim});
  const auto [cos, sin] = tables(positions, table.shape);
  std::vector<std::int64_t> of_row;
  for (const std::int64_t position : positions) of_row.insert(of_row.end(), 3, position);
  for (const std::int64_t matrices : {1, 4}) {
    const OpTrial op = rotary(true, {input, table, table, spec({1, 1, matrices * 32, 32})});
    expect_near(floats(op.run({x, cos, sin, exchange(matrices)})), reference(floats(x), of_row));
  }
}

TEST(RotaryEmbedding, TurnsQueriesAndKeysAtOnce) {
  const std::vector<std::int64_t> twice{5, 9, 6, 8};
  const TensorSpec query = spec({1, 2, 4, kHeadDim});
  const TensorSpec key = spec({1, 2, 1, kHeadDim});
  const mesh::Shard q = random_shard(query, 1);
  const mesh::Shard k = random_shard(key, 2);
  const TensorSpec table = spec({1, 4, 1, kHeadDim});
  const auto [cos, sin] = tables(twice, table.shape);
  const OpTrial op("rotary_embedding_llama_fused_qk", {},
                   {query, key, table, table, spec({1, 1, 32, 32})});
  const auto turned = op.run_all({q, k, cos, sin, exchange()});
  expect_near(floats(turned[0]), reference(floats(q), {5, 5, 5, 5, 9, 9, 9, 9}));
  expect_near(floats(turned[1]), reference(floats(k), {6, 8}));
}

TEST(RotaryEmbedding, MultipliesByWhateverMatrixIsGiven) {
  const TensorSpec input = spec({1, 1, 1, 32});
  const TensorSpec matrix = spec({1, 1, 32, 32});
  const mesh::Shard x = random_shard(input, 1);
  const mesh::Shard t = random_shard(matrix, 2);
  const mesh::Shard none = shard_with(input, std::vector<float>(32, 0.0F));
  const mesh::Shard one = shard_with(input, std::vector<float>(32, 1.0F));
  const std::vector<float> got =
      floats(rotary(false, {input, input, input, matrix}).run({x, none, one, t}));
  std::vector<float> want(32, 0.0F);
  for (std::size_t k = 0; k < 32; ++k) {
    for (std::size_t n = 0; n < 32; ++n) want[n] += floats(x)[k] * floats(t)[k * 32 + n];
  }
  expect_near(got, want);
}

TEST(RotaryEmbedding, RoundsOnceToTheInputsFormat) {
  TensorSpec input = spec({1, 1, 32, kHeadDim});
  const TensorSpec exact = input;
  input.dtype = DataType::Bfloat16;
  const mesh::Shard x = random_shard(input, 1);
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < 32; ++i) positions.push_back(i);
  const auto [cos, sin] = tables(positions, exact.shape);
  const TensorSpec matrix = spec({1, 1, 32, 32});
  std::vector<float> want = floats(rotary(false, {exact, exact, exact, matrix})
                                       .run({shard_with(exact, floats(x)), cos, sin, exchange()}));
  mesh::quantise(want, want, DataType::Bfloat16, kHeadDim);
  EXPECT_EQ(floats(rotary(false, {input, exact, exact, matrix}).run({x, cos, sin, exchange()})),
            want);
}

TensorSpec placed(Shape shape, mesh::Placement columns) {
  TensorSpec of = spec(std::move(shape));
  of.distribution = {.mesh = {1, 4}, .placements = {mesh::replicate(), columns}};
  return of;
}

std::string flow(bool decode, mesh::Placement of_input, mesh::Placement of_table) {
  const TensorSpec input = placed({1, 8, 32, kHeadDim}, of_input);
  const TensorSpec table =
      placed(decode ? Shape{1, 8, 1, kHeadDim} : Shape{1, 1, 32, kHeadDim}, of_table);
  const TensorSpec matrix = placed({1, 1, 32, 32}, mesh::replicate());
  std::string text;
  const std::string refused = refusal([&] {
    text = to_string(rotary(decode, {input, table, table, matrix}).infer().distribution.along(1));
    return text;
  });
  return refused == "accepted" ? text : refused;
}

TEST(RotaryEmbedding, TakesHeadsUsersAndPositionsSharded) {
  using mesh::replicate;
  using mesh::shard;
  EXPECT_EQ(flow(false, shard(1), replicate()), "Shard(1)");
  EXPECT_EQ(flow(false, shard(2), shard(2)), "Shard(2)");
  EXPECT_EQ(flow(true, shard(2), replicate()), "Shard(2)");
  EXPECT_EQ(flow(true, shard(1), shard(1)), "Shard(1)");
  EXPECT_THAT(flow(false, shard(2), replicate()),
              HasSubstr("cos is Replicate along cluster_axis 1 and input is Shard(2), needs cos "
                        "Shard(2)"));
  EXPECT_THAT(flow(true, shard(1), replicate()), HasSubstr("needs cos Shard(1)"));
  EXPECT_THAT(flow(false, shard(3), replicate()),
              HasSubstr("all_gather with dim 3 and cluster_axis 1 first"));
  EXPECT_THAT(flow(false, mesh::partial(), replicate()), HasSubstr("input is Partial"));
}

TEST(RotaryEmbedding, RefusesTablesThatDoNotFit) {
  const TensorSpec input = spec({1, 8, 32, kHeadDim});
  const TensorSpec matrix = spec({1, 1, 32, 32});
  const auto refused = [&](bool decode, std::vector<TensorSpec> inputs) {
    return refusal([&] { return rotary(decode, inputs).infer(); });
  };
  const TensorSpec short_table = spec({1, 1, 31, kHeadDim});
  EXPECT_THAT(refused(false, {input, short_table, short_table, matrix}),
              HasSubstr("needs [1, 1 or 8, 32, 64]: a row for each position"));
  EXPECT_THAT(refused(true, {input, short_table, short_table, matrix}),
              HasSubstr("needs [1, 8, .., 64]: a row for each user"));
  const TensorSpec table = spec({1, 1, 32, kHeadDim});
  EXPECT_THAT(refused(false, {input, table, table, spec({1, 1, 16, 64})}),
              HasSubstr("needs [.., 32 * n, 32]"));
  EXPECT_THAT(refused(false, {spec({1, 8, 32, 48}), table, table, matrix}),
              HasSubstr("a multiple of 32"));
}

TEST(RotaryEmbedding, PaysForATileProductAndThreePasses) {
  const TensorSpec table = spec({1, 1, 32, kHeadDim});
  const auto work = std::get<sim::StreamWork>(
      rotary(false, {spec({1, 8, 32, kHeadDim}), table, table, spec({1, 1, 32, 32})}).cost());
  EXPECT_EQ(work.tiles, 16);
  EXPECT_EQ(work.cycles_per_tile, 64 + 3 * 8);
  EXPECT_EQ(work.dram_bytes, (2 * 16 + 2 * 2 + 1) * 4096);
}

}  // namespace
}  // namespace ttmesh::ops
