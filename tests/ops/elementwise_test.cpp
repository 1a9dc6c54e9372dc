#include "ops/elementwise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "ops/activation.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Shape;
using mesh::TensorSpec;
using ::testing::HasSubstr;

mesh::Attributes attributes(DataType dtype, Activation before = Activation::None,
                            Activation after = Activation::None) {
  return {{"input_a_activation", std::string(name(before))},
          {"activation", std::string(name(after))},
          {"dtype", std::string(mesh::name(dtype))},
          {"memory", std::string("l1")}};
}

TensorSpec spec(Shape shape, DataType dtype = DataType::Bfloat16) {
  return {.shape = std::move(shape), .dtype = dtype};
}

double activated(Activation activation, double x) {
  switch (activation) {
    case Activation::None:
      return x;
    case Activation::Relu:
      return std::max(x, 0.0);
    case Activation::Relu2:
      return std::max(x, 0.0) * std::max(x, 0.0);
    case Activation::Gelu:
      return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
    case Activation::GeluTanh:
      return 0.5 * x *
             (1.0 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
    case Activation::Silu:
      return x / (1.0 + std::exp(-x));
  }
  return 0;
}

// Value of a broadcast operand at element `i` of the result.
float at(const std::vector<float>& values, const Shape& shape, const Shape& result,
         std::int64_t i) {
  std::int64_t offset = 0;
  std::int64_t stride = 1;
  for (int back = 1; back <= result.rank(); ++back) {
    const std::int64_t index = i % result[-back];
    i /= result[-back];
    if (back > shape.rank()) continue;
    offset += (shape[-back] == 1 ? 0 : index) * stride;
    stride *= shape[-back];
  }
  return values[static_cast<std::size_t>(offset)];
}

struct Shapes {
  Shape a;
  Shape b;
  Shape out;
};

class Broadcast : public testing::TestWithParam<std::tuple<Shapes, DataType, DataType>> {};

TEST_P(Broadcast, CombinesValueByValue) {
  const auto& [shapes, in_type, out_type] = GetParam();
  const TensorSpec a = spec(shapes.a, in_type);
  const TensorSpec b = spec(shapes.b, DataType::Bfloat16);
  const mesh::Shard x = random_shard(a, 1);
  const mesh::Shard y = random_shard(b, 2);
  const std::vector<float> left = floats(x);
  const std::vector<float> right = floats(y);
  for (const std::string op : {"add", "mul"}) {
    const OpTrial trial(op, attributes(out_type, Activation::Silu, Activation::Relu), {a, b});
    EXPECT_EQ(trial.infer().shape, shapes.out);
    EXPECT_EQ(trial.infer().memory, mesh::kL1Interleaved);
    std::vector<float> want(static_cast<std::size_t>(shapes.out.volume()));
    for (std::size_t i = 0; i < want.size(); ++i) {
      const auto index = static_cast<std::int64_t>(i);
      const double u = activated(Activation::Silu, at(left, shapes.a, shapes.out, index));
      const double v = at(right, shapes.b, shapes.out, index);
      want[i] = static_cast<float>(std::max(op == "add" ? u + v : u * v, 0.0));
    }
    const std::vector<float> got = floats(trial.run({x, y}));
    const std::vector<float> rounded = floats(shard_with(spec(shapes.out, out_type), want));
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
      // One step of the format at the largest values of these shapes (below 16).
      const double step = out_type == DataType::Float32 ? 1e-6 : 1.0 / 8;
      ASSERT_NEAR(got[i], rounded[i], step) << op << " at " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Broadcast,
    testing::Combine(testing::Values(Shapes{{1, 1, 32, 64}, {1, 1, 32, 64}, {1, 1, 32, 64}},
                                     Shapes{{1, 1, 3, 5000}, {1, 1, 3, 5000}, {1, 1, 3, 5000}},
                                     Shapes{{1, 1, 3, 5000}, {1, 1, 1, 5000}, {1, 1, 3, 5000}},
                                     Shapes{{2, 3, 4, 50}, {2, 3, 4, 1}, {2, 3, 4, 50}},
                                     Shapes{{2, 3, 4, 1}, {2, 3, 4, 50}, {2, 3, 4, 50}},
                                     Shapes{{2, 1, 4, 50}, {1, 3, 1, 50}, {2, 3, 4, 50}},
                                     Shapes{{2, 3, 4, 50}, {50}, {2, 3, 4, 50}},
                                     Shapes{{50}, {2, 1, 50}, {2, 1, 50}},
                                     Shapes{{1, 1, 1, 1}, {1, 1, 2, 3}, {1, 1, 2, 3}}),
                     testing::Values(DataType::Bfloat16, DataType::Float32),
                     testing::Values(DataType::Bfloat16, DataType::Bfp8B, DataType::Float32)));

class Activations : public testing::TestWithParam<Activation> {};

TEST_P(Activations, MatchTheirDefinitionOverTheWholeRange) {
  std::vector<float> inputs;
  for (int i = -12800; i <= 12800; ++i) inputs.push_back(static_cast<float>(i) / 100.0F);
  inputs.insert(inputs.end(), {-1e30F, 1e30F, -0.0F, 1e-20F});
  const TensorSpec a = spec({1, static_cast<std::int64_t>(inputs.size())}, DataType::Float32);
  mesh::Attributes options = attributes(DataType::Float32, GetParam());
  options.set("scalar", 1.0);
  const std::vector<float> got = floats(OpTrial("mul", options, {a}).run({shard_with(a, inputs)}));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    // A square may leave float32.
    const double want = static_cast<float>(activated(GetParam(), inputs[i]));
    if (std::isinf(want)) {
      ASSERT_EQ(got[i], want) << "of " << inputs[i];
      continue;
    }
    ASSERT_NEAR(got[i], want, 1e-6 * std::max(1.0, std::abs(want))) << "of " << inputs[i];
  }
}

TEST_P(Activations, AreFoundByName) { EXPECT_EQ(parse_activation(name(GetParam())), GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, Activations,
                         testing::Values(Activation::None, Activation::Relu, Activation::Relu2,
                                         Activation::Gelu, Activation::GeluTanh, Activation::Silu));

TEST(Activation, RefusesUnknownNames) {
  EXPECT_THAT(
      refusal([] { return parse_activation("swish"); }),
      HasSubstr(
          "no activation is called 'swish'; one of none, relu, relu2, gelu, gelu_tanh, silu"));
}

TEST(Elementwise, CombinesWithAScalar) {
  const TensorSpec a = spec({1, 3}, DataType::Float32);
  const mesh::Shard x = shard_with(a, {1.0F, -2.0F, 3.0F});
  mesh::Attributes options = attributes(DataType::Float32);
  options.set("scalar", 0.5);
  EXPECT_THAT(floats(OpTrial("add", options, {a}).run({x})), testing::ElementsAre(1.5, -1.5, 3.5));
  EXPECT_THAT(floats(OpTrial("mul", options, {a}).run({x})), testing::ElementsAre(0.5, -1, 1.5));
}

TEST(Elementwise, AddsAndMultipliesIntegersExactly) {
  const TensorSpec a = spec({2, 2}, DataType::Int32);
  const TensorSpec b = spec({1, 2}, DataType::Int32);
  const mesh::Shard x = int_shard({2, 2}, {1 << 30, 16777217, -3, 4});
  const mesh::Shard y = int_shard({1, 2}, {2, -1});
  EXPECT_THAT(integers(OpTrial("add", attributes(DataType::Int32), {a, b}).run({x, y})),
              testing::ElementsAre((1 << 30) + 2, 16777216, -1, 3));
  EXPECT_THAT(integers(OpTrial("mul", attributes(DataType::Int32), {a, b}).run({x, y})),
              testing::ElementsAre(-2147483648LL, -16777217, -6, -4));
  mesh::Attributes plus_one = attributes(DataType::Int32);
  plus_one.set("scalar", 1.0);
  EXPECT_THAT(integers(OpTrial("add", plus_one, {a}).run({x})),
              testing::ElementsAre((1 << 30) + 1, 16777218, -2, 5));
}

TEST(Elementwise, ReadsBothInputsAndWritesTheOutput) {
  TensorSpec b = spec({1, 1, 1, 64});
  b.memory = mesh::kL1Interleaved;
  const auto work = std::get<sim::StreamWork>(
      OpTrial("mul", attributes(DataType::Bfp8B), {spec({1, 1, 40, 64}), b}).cost());
  EXPECT_EQ(work.tiles, 4);
  EXPECT_EQ(work.cycles_per_tile, 8);
  EXPECT_EQ(work.dram_bytes, 4 * 2048);
  EXPECT_EQ(work.l1_bytes, 2 * 2048 + 4 * 1088);
}

TEST(Elementwise, ChargesActivations) {
  const auto work = std::get<sim::StreamWork>(
      OpTrial("mul", attributes(DataType::Bfloat16, Activation::Silu, Activation::Relu),
              {spec({32, 32}), spec({32, 32})})
          .cost());
  EXPECT_EQ(work.cycles_per_tile,
            8 + cycles_per_tile(Activation::Silu) + cycles_per_tile(Activation::Relu));
  EXPECT_GT(cycles_per_tile(Activation::Silu), cycles_per_tile(Activation::Relu));
}

TEST(Elementwise, RefusesWhatDoesNotCombine) {
  const auto infer = [](DataType dtype, Activation before, std::vector<TensorSpec> inputs) {
    return refusal([&] { return OpTrial("add", attributes(dtype, before), inputs).infer(); });
  };
  const TensorSpec ints = spec({1, 32}, DataType::Int32);
  EXPECT_EQ(infer(DataType::Bfloat16, Activation::None, {spec({1, 32}), spec({1, 16})}),
            "[add] shapes [1, 32] and [1, 16] differ in dim 1, needs equal extents or 1");
  EXPECT_THAT(infer(DataType::Bfloat16, Activation::None, {spec({1, 32}), ints}),
              HasSubstr("[add] inputs are bf16 and int32"));
  EXPECT_THAT(infer(DataType::Bfloat16, Activation::None, {ints, ints}),
              HasSubstr("[add] input a is int32 and the output bf16"));
  EXPECT_THAT(infer(DataType::Int32, Activation::None, {spec({1, 32}), spec({1, 32})}),
              HasSubstr("[add] output dtype is int32"));
  EXPECT_THAT(infer(DataType::Int32, Activation::Relu, {ints, ints}),
              HasSubstr("[add] an activation on int32"));
}

}  // namespace
}  // namespace ttmesh::ops
