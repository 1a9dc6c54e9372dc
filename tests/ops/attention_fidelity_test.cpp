#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
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

constexpr std::int64_t kKeys = 96;
constexpr std::int64_t kHeadDim = 64;

double rounded(double value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return std::bit_cast<float>((bits + 0x7FFFU + (bits >> 16U & 1U)) & 0xFFFF0000U);
}

/// One head's attention of `queries` rows to all keys.
std::vector<double> reference(const std::vector<float>& q, const std::vector<float>& k,
                              const std::vector<float>& v, int phases) {
  std::vector<double> out;
  for (std::size_t first = 0; first < q.size(); first += kHeadDim) {
    std::vector<double> terms(kKeys, 0.0);
    for (std::size_t j = 0; j < kKeys; ++j) {
      for (std::size_t c = 0; c < kHeadDim; ++c) {
        terms[j] += multiplied(q[first + c], k[j * kHeadDim + c], phases);
      }
    }
    const double most = *std::ranges::max_element(terms);
    double total = 0;
    for (double& term : terms) {
      term = rounded(std::exp((term - most) / std::sqrt(double{kHeadDim})));
      total += term;
    }
    for (std::size_t c = 0; c < kHeadDim; ++c) {
      double sum = 0;
      for (std::size_t j = 0; j < kKeys; ++j) {
        sum += multiplied(terms[j], v[j * kHeadDim + c], phases);
      }
      out.push_back(sum / total);
    }
  }
  return out;
}

struct Case {
  const char* fidelity;
  int phases;
  DataType cache;
};

class AttentionFidelity : public testing::TestWithParam<Case> {
 protected:
  /// Of values about 2, so that what is cut off adds up.
  static void expect_phases(const OpTrial& op, const TensorSpec& query) {
    const TensorSpec keys{.shape = {1, 1, kKeys, kHeadDim}, .dtype = GetParam().cache};
    const mesh::Shard q = random_shard(query, 1);
    const mesh::Shard k = random_shard(keys, 2);
    std::vector<float> large = floats(random_shard(keys, 3));
    for (float& value : large) value = 2 + 0.25F * value;
    const mesh::Shard v = shard_with(keys, large);
    const std::vector<float> got = floats(op.run({q, k, v}));
    const std::vector<double> want = reference(floats(q), floats(k), floats(v), GetParam().phases);
    ASSERT_EQ(got.size(), want.size());
    double mean_error = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], want[i], 0.02) << i;
      mean_error += (got[i] - want[i]) / static_cast<double>(got.size());
    }
    // A phase more or less shifts the mean by 0.003 and more, but for the fourth.
    EXPECT_NEAR(mean_error, 0, 5e-4);
  }
};

TEST_P(AttentionFidelity, CutsOperandsOfAPrompt) {
  for (const std::int64_t queries : {4, 64}) {  // Both ways to multiply.
    const TensorSpec query{.shape = {1, 1, queries, kHeadDim}, .dtype = DataType::Bfloat16};
    const TensorSpec keys{.shape = {1, 1, kKeys, kHeadDim}, .dtype = GetParam().cache};
    expect_phases(OpTrial("scaled_dot_product_attention",
                          {{"is_causal", false},
                           {"chunk_start_idx", std::int64_t{0}},
                           {"q_chunk_size", std::int64_t{64}},
                           {"fidelity", std::string(GetParam().fidelity)},
                           {"memory", std::string("dram")}},
                          {query, keys, keys}),
                  query);
  }
}

TEST_P(AttentionFidelity, CutsOperandsOfADecode) {
  const TensorSpec query{.shape = {1, 1, 8, kHeadDim}, .dtype = DataType::Bfloat16};
  const TensorSpec keys{.shape = {1, 1, kKeys, kHeadDim}, .dtype = GetParam().cache};
  expect_phases(OpTrial("scaled_dot_product_attention_decode",
                        {{"is_causal", true},
                         {"cur_pos", std::vector<std::int64_t>{kKeys - 1}},
                         {"cur_pos_tensor", false},
                         {"attn_mask", false},
                         {"fidelity", std::string(GetParam().fidelity)},
                         {"memory", std::string("dram")}},
                        {query, keys, keys}),
                query);
}

INSTANTIATE_TEST_SUITE_P(
    All, AttentionFidelity,
    testing::Values(Case{"lofi", 1, DataType::Bfloat16}, Case{"hifi2", 2, DataType::Bfloat16},
                    Case{"hifi3", 3, DataType::Bfloat16}, Case{"hifi4", 4, DataType::Bfloat16},
                    Case{"lofi", 1, DataType::Bfp8B}, Case{"hifi2", 2, DataType::Bfp8B},
                    Case{"hifi4", 4, DataType::Bfp8B}));

}  // namespace
}  // namespace ttmesh::ops
