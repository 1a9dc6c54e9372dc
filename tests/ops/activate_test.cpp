#include "ops/activate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "mesh/tensor/placement.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using ::testing::HasSubstr;

OpTrial trial(Activation activation, const TensorSpec& input, DataType dtype = DataType::Bfloat16) {
  return OpTrial("activate",
                 {{"activation", std::string(name(activation))},
                  {"dtype", std::string(mesh::name(dtype))},
                  {"memory", std::string("dram")}},
                 {input});
}

TEST(Activate, IsTheFirstOperandsActivationOfAnElementwiseOp) {
  const TensorSpec input{.shape = {2, 37, 50}, .dtype = DataType::Float32};
  const mesh::Shard x = random_shard(input, 1);
  for (const Activation activation :
       {Activation::Relu, Activation::Gelu, Activation::GeluTanh, Activation::Silu}) {
    const OpTrial product("mul",
                          {{"input_a_activation", std::string(name(activation))},
                           {"activation", std::string("none")},
                           {"scalar", 1.0},
                           {"dtype", std::string("bfp8_b")},
                           {"memory", std::string("dram")}},
                          {input});
    EXPECT_EQ(floats(trial(activation, input, DataType::Bfp8B).run({x})), floats(product.run({x})));
  }
}

TEST(Activate, CostsItsInstructionsAndBothPassesOverMemory) {
  const TensorSpec input{.shape = {1, 1, 64, 64}};
  const auto work = [&](Activation activation) {
    return std::get<sim::StreamWork>(trial(activation, input).cost());
  };
  EXPECT_EQ(work(Activation::Silu).cycles_per_tile, cycles_per_tile(Activation::Silu));
  EXPECT_LT(work(Activation::Relu).cycles_per_tile, work(Activation::Gelu).cycles_per_tile);
}

TEST(Activate, RefusesASumThatIsOwed) {
  TensorSpec input{.shape = {1, 32}};
  input.distribution = {.mesh = {1, 2}, .placements = {mesh::replicate(), mesh::partial()}};
  EXPECT_THAT(refusal([&] { return trial(Activation::Silu, input).infer(); }),
              HasSubstr("[activate] input"));
}

TEST(Activate, RefusesIntegers) {
  const TensorSpec input{
      .shape = {1, 32}, .dtype = DataType::Int32, .layout = mesh::Layout::RowMajor};
  EXPECT_THAT(refusal([&] { return trial(Activation::Relu, input).infer(); }),
              HasSubstr("floating"));
}

}  // namespace
}  // namespace ttmesh::ops
