#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/modules/attention_trial.hpp"

namespace ttmesh::modules {
namespace {

void expect_exact(const Accuracy& accuracy) {
  EXPECT_GE(accuracy.pcc, 0.999999);
  EXPECT_LT(accuracy.max_abs_error, 2e-5 * std::max(1.0, accuracy.reference_rms));
}

struct MeshCase {
  const char* topology;
  AttentionCase attention{};
};

// A prompt of some users, then tokens of all, one of whom idles.
template <typename Pair>
void expect_exact_pass(const MeshCase& of) {
  const mesh::MeshDevice device = open(of.topology);
  Pair pair(of.attention, device);
  expect_exact(pair.prefill(100, {1}, 128));
  expect_exact(pair.prefill(101, {6}, 128));
  std::vector<std::int64_t> positions{0, 128, 0, 0, -1, 0, 128, 0};
  for (std::uint64_t step = 0; step < 3; ++step) {
    expect_exact(pair.decode(200 + step, positions));
    for (std::int64_t& position : positions) position += position < 0 ? 0 : 1;
  }
}

class Attention1DOnMeshes : public testing::TestWithParam<MeshCase> {};
TEST_P(Attention1DOnMeshes, EqualsTheReference) { expect_exact_pass<Pair1D>(GetParam()); }

constexpr PagedAttentionConfig kPaged{.block_size = 64, .max_num_blocks = 70};

INSTANTIATE_TEST_SUITE_P(All, Attention1DOnMeshes,
                         testing::Values(MeshCase{"n150"}, MeshCase{"n300", {.paged = kPaged}},
                                         MeshCase{"n150", {.n_kv_heads = 2, .bias = true}},
                                         MeshCase{"t3k:1x4:line",
                                                  {.qk_norm = true, .use_qk_fused = true}},
                                         MeshCase{"n300", {.n_kv_heads = 4, .sliding_window = 50}},
                                         MeshCase{"t3k:1x8:line", {.paged = kPaged}},
                                         MeshCase{"t3k:1x8:ring", {.dim = 2048}}));

class Attention2DOnMeshes : public testing::TestWithParam<MeshCase> {};
TEST_P(Attention2DOnMeshes, EqualsTheReference) { expect_exact_pass<Pair2D>(GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    All, Attention2DOnMeshes,
    testing::Values(MeshCase{"t3k"}, MeshCase{"t3k", {.paged = kPaged}},
                    MeshCase{"t3k", {.n_kv_heads = 2, .head_dim = 64, .bias = true}},
                    MeshCase{"tg", {.n_heads = 16, .head_dim = 32, .qk_norm = true}},
                    MeshCase{"galaxy", {.n_heads = 16, .use_qk_fused = true, .paged = kPaged}}));

}  // namespace
}  // namespace ttmesh::modules
