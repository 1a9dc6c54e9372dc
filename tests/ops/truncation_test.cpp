#include "ops/truncation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/ops/multiplier.hpp"
#include "tests/ops/op_trial.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::TensorSpec;
using sim::MathFidelity;

constexpr std::int64_t kRows = 5;
constexpr std::int64_t kInner = 96;
constexpr std::int64_t kColumns = 40;

OpTrial product(const std::string& op, MathFidelity fidelity, DataType a, DataType b) {
  return OpTrial(
      op,
      {{"activation", std::string("none")},
       {"dtype", std::string("f32")},
       {"memory", std::string("dram")},
       {"fidelity", std::string(sim::name(fidelity))},
       {"fp32_accumulate", false}},
      {{.shape = {kRows, kInner}, .dtype = a}, {.shape = {kInner, kColumns}, .dtype = b}});
}

struct Case {
  MathFidelity fidelity;
  int phases;
};

class Fidelity : public testing::TestWithParam<Case> {};

TEST_P(Fidelity, MultipliesWhatItsPhasesDo) {
  for (const char* op : {"matmul", "linear", "linear"}) {
    for (const DataType a_dtype : {DataType::Bfloat16, DataType::Bfp8B}) {
      for (const DataType b_dtype : {DataType::Bfloat16, DataType::Bfp8B, DataType::Bfp4B}) {
        const OpTrial trial = product(op, GetParam().fidelity, a_dtype, b_dtype);
        const mesh::Shard a = random_shard({.shape = {kRows, kInner}, .dtype = a_dtype}, 1);
        const mesh::Shard b = random_shard({.shape = {kInner, kColumns}, .dtype = b_dtype}, 2);
        const std::vector<float> a_values = floats(a);
        const std::vector<float> b_values = floats(b);
        // A weight is packed at the first use, and its upper part is packed beside it.
        for (int use = 0; use < 2; ++use) {
          const std::vector<float> got = floats(trial.run({a, b}));
          for (std::int64_t i = 0; i < kRows * kColumns; ++i) {
            double want = 0;
            for (std::int64_t k = 0; k < kInner; ++k) {
              want += multiplied(a_values[static_cast<std::size_t>(i / kColumns * kInner + k)],
                                 b_values[static_cast<std::size_t>(k * kColumns + i % kColumns)],
                                 GetParam().phases);
            }
            ASSERT_NEAR(got[static_cast<std::size_t>(i)], want, 1e-4) << op << i;
          }
        }
        EXPECT_EQ(floats(b), b_values);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Fidelity,
                         testing::Values(Case{MathFidelity::LoFi, 1}, Case{MathFidelity::HiFi2, 2},
                                         Case{MathFidelity::HiFi3, 3},
                                         Case{MathFidelity::HiFi4, 4}));

TEST(Truncation, LeavesFloat32Exact) {
  for (const MathFidelity fidelity : {MathFidelity::LoFi, MathFidelity::HiFi2}) {
    EXPECT_EQ(truncation_of(fidelity, DataType::Float32, DataType::Bfloat16), Truncation{});
    EXPECT_EQ(truncation_of(fidelity, DataType::Bfloat16, DataType::Float32), Truncation{});
  }
}

TEST(Truncation, LeavesWhatFitsTheMultiplierAlone) {
  EXPECT_EQ(truncation_of(MathFidelity::LoFi, DataType::Bfp8B, DataType::Bfp4B), Truncation{});
  EXPECT_EQ(truncation_of(MathFidelity::HiFi2, DataType::Bfp8B, DataType::Bfloat16), Truncation{});
  EXPECT_EQ(truncation_of(MathFidelity::HiFi3, DataType::Bfp8B, DataType::Bfp8B), Truncation{});
}

TEST(Truncation, CutsEachOperandInTwo) {
  const TensorSpec spec{.shape = {4, 32}, .dtype = DataType::Bfloat16};
  const mesh::Shard x = random_shard(spec, 3);
  const std::vector<float> upper_part = floats(mesh::Shard(truncated(x.block(), 4)));
  const std::vector<float> rest = floats(mesh::Shard(remainder(x.block(), 4)));
  for (std::size_t i = 0; i < rest.size(); ++i) {
    EXPECT_EQ(upper_part[i], upper(floats(x)[i], 4));
    EXPECT_EQ(upper_part[i] + rest[i], floats(x)[i]);
  }
}

TEST(Truncation, KeepsInfinitiesOutOfTheRest) {
  const TensorSpec spec{.shape = {1, 2}, .dtype = DataType::Bfloat16};
  const mesh::Shard x = shard_with(spec, {-INFINITY, 1.9921875F});
  EXPECT_EQ(floats(mesh::Shard(truncated(x.block(), 6)))[0], -INFINITY);
  EXPECT_EQ(floats(mesh::Shard(remainder(x.block(), 6)))[0], 0);
}

}  // namespace
}  // namespace ttmesh::ops
