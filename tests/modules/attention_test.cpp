#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "ops/slice.hpp"
#include "tests/modules/attention_trial.hpp"

namespace ttmesh::modules {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using Positions = std::vector<std::int64_t>;

constexpr PagedAttentionConfig kPaged{.block_size = 64, .max_num_blocks = 70};

void expect_exact(const Accuracy& accuracy) {
  EXPECT_GE(accuracy.pcc, 0.999999);
  EXPECT_LT(accuracy.max_abs_error, 2e-5 * std::max(1.0, accuracy.reference_rms));
}

struct MeshCase {
  const char* topology;
  AttentionCase attention{};
};

void PrintTo(const MeshCase& of, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << of.topology;
}

// Prompts of two users, then tokens of all, one of whom idles.
template <typename Pair>
void expect_exact_pass(const MeshCase& of) {
  const mesh::MeshDevice device = open(of.topology);
  Pair pair(of.attention, device);
  expect_exact(pair.prefill(100, {1}, 128));
  expect_exact(pair.prefill(101, {6}, 128));
  Positions positions{0, 128, 0, 0, -1, 0, 128, 0};
  for (std::uint64_t step = 0; step < 3; ++step) {
    expect_exact(pair.decode(200 + step, positions));
    for (std::int64_t& position : positions) position += position < 0 ? 0 : 1;
  }
}

class Attention1DOnMeshes : public testing::TestWithParam<MeshCase> {};
TEST_P(Attention1DOnMeshes, EqualsTheReference) { expect_exact_pass<Pair1D>(GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, Attention1DOnMeshes,
                         testing::Values(MeshCase{"n150", {.n_kv_heads = 2, .bias = true}},
                                         MeshCase{"n300", {.paged = kPaged}},
                                         MeshCase{"t3k:1x4:line",
                                                  {.qk_norm = true, .use_qk_fused = true}},
                                         MeshCase{"n300", {.n_kv_heads = 4, .sliding_window = 50}},
                                         MeshCase{"t3k:1x8:line", {.paged = kPaged}},
                                         MeshCase{"t3k:1x8:ring", {.dim = 2048}}));

class Attention2DOnMeshes : public testing::TestWithParam<MeshCase> {};
TEST_P(Attention2DOnMeshes, EqualsTheReference) { expect_exact_pass<Pair2D>(GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    All, Attention2DOnMeshes,
    testing::Values(MeshCase{"t3k", {.paged = kPaged}},
                    MeshCase{"t3k", {.n_kv_heads = 2, .head_dim = 64, .bias = true}},
                    MeshCase{"t3k", {.n_kv_heads = 4, .head_dim = 96, .sliding_window = 40}},
                    MeshCase{"tg", {.n_heads = 16, .qk_norm = true}},
                    MeshCase{"galaxy", {.n_heads = 16, .use_qk_fused = true, .paged = kPaged}}));

// A prompt in chunks attends to what the pages hold.
template <typename Pair>
void expect_exact_chunks(const char* topology) {
  const mesh::MeshDevice device = open(topology);
  Pair pair({.paged = kPaged}, device);
  expect_exact(pair.prefill(100, {5}, 128, 0));
  expect_exact(pair.prefill(101, {5}, 256, 128));
  Positions positions(8, 0);
  positions[5] = 384;
  expect_exact(pair.decode(102, positions));
}

TEST(Attention1D, PrefillsInChunks) { expect_exact_chunks<Pair1D>("n300"); }
TEST(Attention2D, PrefillsInChunks) { expect_exact_chunks<Pair2D>("t3k"); }

TEST(Attention1D, TakesThePagesOfAChunk) {
  const mesh::MeshDevice device = open("n150");
  Pair1D pair({.paged = kPaged}, device);
  (void)pair.prefill(100, {5}, 128, 0);
  (void)pair.prefill(101, {5}, 128, 128);
  const std::vector<float> want = mesh::to_host(pair.output()).floats();
  const mesh::Tensor pages = ops::slice(*pair.page_table(), {.begin = {0, 2}, .end = {8, 4}});
  const mesh::Tensor x = pair.module().input(pair.tokens(101, 128), Mode::Prefill);
  const mesh::Tensor y =
      pair.module().prefill_forward(x, {.rot_mats = pair.rotary().prefill_forward(128, 128),
                                        .users = {5},
                                        .page_table = pair.page_table(),
                                        .chunk_start_idx = 128,
                                        .chunk_page_table = pages});
  EXPECT_EQ(mesh::to_host(y).floats(), want);
}

TEST(Attention1D, RunsOnAColumnToo) {
  const mesh::MeshDevice machine = open("tg");
  Pair1D pair({}, machine.submesh({4, 1}));
  expect_exact(pair.prefill(100, {1}, 128));
  expect_exact(pair.decode(101, {0, 128, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(pair.output().distribution().along(0), mesh::shard(3));
}

// Published keys of some models have biases in the hundreds, which bfloat16 rounds away.
TEST(Attention1D, LosesAccuracyToLargeKeyBiases) {
  const mesh::MeshDevice device = open("n150");
  std::vector<double> pcc;
  for (const double scale : {0.5, 20.0, 170.0}) {
    Pair1D pair({.dim = 512, .dtype = mesh::DataType::Bfp8B, .bias = true, .bias_scale = scale},
                device);
    pcc.push_back(pair.prefill(100, {0}, 128).pcc);
  }
  EXPECT_GT(pcc[0], 0.99);
  EXPECT_GT(pcc[0], pcc[1]);
  EXPECT_GT(pcc[1], pcc[2]);
}

TEST(Attention1D, PrefillsSeveralUsersAtOnce) {
  const mesh::MeshDevice device = open("n300");
  Pair1D pair({}, device);
  expect_exact(pair.prefill(100, {2, 0, 7}, 128));
  expect_exact(pair.decode(101, {128, 0, 128, 0, 0, 0, 0, 128}));
}

TEST(Attention2D, PrefillsSeveralUsersAtOnce) {
  const mesh::MeshDevice device = open("t3k");
  Pair2D pair({.paged = kPaged}, device);
  expect_exact(pair.prefill(100, {7, 1}, 128));
  expect_exact(pair.decode(101, {0, 128, 0, 0, 0, 0, 0, 128}));
}

TEST(Attention1D, SeesAWindow) {
  const mesh::MeshDevice device = open("n150");
  for (const auto& [window, length] : {std::pair{64, 128}, {64, 256}, {128, 256}}) {
    Pair1D pair({.sliding_window = window}, device);
    expect_exact(pair.prefill(100, {0}, length));
    Positions positions(8, 0);
    positions[0] = length;
    expect_exact(pair.decode(101, positions));
  }
}

TEST(Attention1D, HasTheSameValuesOnEveryMesh) {
  std::vector<std::vector<float>> outputs;
  const Positions positions(8, 0);
  for (const char* topology : {"n150", "t3k:1x8:line"}) {
    const mesh::MeshDevice device = open(topology);
    Pair1D pair({}, device);
    (void)pair.decode(100, positions);
    outputs.push_back(mesh::to_host(pair.output()).floats());
  }
  const mesh::MeshDevice device = open("tg");
  Pair2D pair({}, device);
  (void)pair.decode(100, positions);
  outputs.push_back(mesh::to_host(pair.output()).floats());
  expect_exact(measure_accuracy(outputs[1], outputs[0]));
  expect_exact(measure_accuracy(outputs[2], outputs[0]));
}

// Ten steps from the first position on.
template <typename Pair>
void expect_steps(const char* topology, AttentionCase of, double pcc) {
  of.batch = 32;
  const mesh::MeshDevice device = open(topology);
  Pair pair(of, device);
  for (std::int64_t step = 0; step < 10; ++step) {
    const Accuracy accuracy =
        pair.decode(static_cast<std::uint64_t>(100 + step), Positions(32, step));
    EXPECT_GE(accuracy.pcc, pcc) << "step " << step;
  }
}

TEST(Attention1D, DecodesInBlockFloats) {
  expect_steps<Pair1D>("n300", {.dim = 512, .head_dim = 64, .dtype = mesh::DataType::Bfp8B}, 0.99);
}

TEST(Attention1D, DecodesInBfloat16) {
  expect_steps<Pair1D>("n150", {.dim = 512, .head_dim = 64, .dtype = mesh::DataType::Bfloat16},
                       0.999);
}

TEST(Attention2D, DecodesInBlockFloats) {
  for (const char* topology : {"tg", "galaxy"}) {
    expect_steps<Pair2D>(
        topology, {.dim = 512, .n_heads = 16, .dtype = mesh::DataType::Bfp8B, .paged = kPaged},
        0.99);
  }
}

TEST(Attention1D, GoesOnFromItsPromptInBlockFloats) {
  const mesh::MeshDevice device = open("n300");
  Pair1D pair({.dim = 512, .dtype = mesh::DataType::Bfp8B}, device);
  for (int user = 0; user < 8; ++user) {
    EXPECT_GE(pair.prefill(static_cast<std::uint64_t>(100 + user), {user}, 128).pcc, 0.99);
  }
  for (std::int64_t step = 0; step < 5; ++step) {
    EXPECT_GE(pair.decode(static_cast<std::uint64_t>(200 + step), Positions(8, 128 + step)).pcc,
              0.98);
  }
}

template <typename Pair>
sim::Time timed(const char* topology, bool timing_only) {
  mesh::MeshDevice device = open(topology, {.timing_only = timing_only});
  Pair pair({.n_heads = 16, .dtype = mesh::DataType::Bfp8B, .paged = kPaged}, device);
  pair.module().load_device_weights();
  pair.stop_comparing();
  device.start_recording();
  (void)pair.prefill(100, {3}, 128);
  (void)pair.prefill(100, {3}, 128, 128);
  (void)pair.decode(101, {-1, 0, 5, 256, -1, 0, 0, 0});
  const mesh::Report report = device.report();
  return report.end - report.begin;
}

TEST(Attention2D, TakesAsLongWithoutValues) {
  for (const char* topology : {"tg", "galaxy"}) {
    EXPECT_EQ(timed<Pair2D>(topology, true), timed<Pair2D>(topology, false)) << topology;
  }
}

TEST(Attention1D, TakesAsLongWithoutValues) {
  EXPECT_EQ(timed<Pair1D>("t3k:1x8:ring", true), timed<Pair1D>("t3k:1x8:ring", false));
}

TEST(Attention1D, UsesACacheThatItIsGiven) {
  const mesh::MeshDevice device = open("n150");
  const AttentionCase of{};
  AttentionConfig config = config_of(of, device);
  const Attention1D other = [&] {
    Attention1D made = Attention1D::from_config(config);
    made.load_device_weights();
    return made;
  }();
  config.kv_cache = other.kv_cache();
  Attention1D module = Attention1D::from_config(config);
  module.load_device_weights();
  EXPECT_EQ(module.kv_cache().keys.id(), other.kv_cache().keys.id());
  config.max_seq_len = 256;
  EXPECT_THAT(
      [&] { (void)Attention1D::from_config(config); },
      ThrowsMessage<std::invalid_argument>(AllOf(HasSubstr("kv_cache keys are [8, 8, 512, 32]"),
                                                 HasSubstr("needs [8, 8, 256, 32] on each chip"))));
}

TEST(Attention1D, TakesPackedWeights) {
  const mesh::MeshDevice device = open("n150");
  const AttentionCase of{};
  AttentionConfig config = config_of(of, device);
  const QkvSources sources = sources_of(of).qkv;
  std::vector<float> packed;
  const std::vector<std::vector<float>> parts{sources.query.host_tensor().floats(),
                                              sources.key.host_tensor().floats(),
                                              sources.value.host_tensor().floats()};
  for (std::size_t row = 0; row < 256; ++row) {
    for (const std::vector<float>& part : parts) {
      const auto first = part.begin() + static_cast<std::ptrdiff_t>(row * 256);
      packed.insert(packed.end(), first, first + 256);
    }
  }
  Attention1D separate = Attention1D::from_config(config);
  config.wqkv =
      LazyWeight(WeightSource(mesh::HostTensor{.shape = {256, 768}, .values = std::move(packed)}),
                 {.dtype = of.dtype});
  Attention1D together = Attention1D::from_config(config);
  separate.load_device_weights();
  EXPECT_EQ(mesh::to_host(separate.config().wqkv.get_device_weight()).floats(),
            mesh::to_host(together.config().wqkv.get_device_weight()).floats());
}

}  // namespace
}  // namespace ttmesh::modules
