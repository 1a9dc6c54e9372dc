#include "ops/full.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "mesh/program/spec_attributes.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;

OpTrial trial(const TensorSpec& spec, double value) {
  mesh::Attributes attributes = mesh::to_attributes(spec);
  attributes.set("value", value);
  return OpTrial("full", attributes, {});
}

TEST(Full, HoldsOneValueRoundedToItsFormat) {
  EXPECT_THAT(floats(trial({.shape = {2, 3}, .dtype = DataType::Float32}, 0.1).run({})),
              testing::Each(0.1F));
  EXPECT_THAT(floats(trial({.shape = {2, 3}}, 257.0).run({})), testing::Each(256.0F));
  EXPECT_THAT(integers(trial({.shape = {2, 3}, .dtype = DataType::Int32}, -7.0).run({})),
              testing::Each(-7));
}

TEST(Full, WritesTheTensorOnce) {
  const auto work = std::get<sim::StreamWork>(
      trial({.shape = {1, 1, 32, 64}, .memory = mesh::kL1Interleaved}, 0.0).cost());
  EXPECT_EQ(work.l1_bytes, 2 * 2048);
  EXPECT_EQ(work.dram_bytes, 0);
}

TEST(Full, RefusesWhatAnIntegerCannotHold) {
  EXPECT_EQ(refusal([] {
              return trial({.shape = {2, 3}, .dtype = DataType::UInt16}, -1.0).infer();
            }),
            "[full] value is -1, needs one that uint16 can hold");
  EXPECT_EQ(refusal([] {
              return trial({.shape = {2, 3}, .dtype = DataType::Int32}, 0.5).infer();
            }),
            "[full] value is 0.5, needs one that int32 can hold");
}

}  // namespace
}  // namespace ttmesh::ops
