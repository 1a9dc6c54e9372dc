#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "tests/modules/attention_trial.hpp"

namespace ttmesh::modules {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Positions = std::vector<std::int64_t>;

mesh::MeshDevice timing(const char* topology) { return open(topology, {.timing_only = true}); }

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

using Change = std::function<void(AttentionConfig&)>;

template <typename Module>
std::string refused(const char* topology, const AttentionCase& of, const Change& change = {}) {
  const mesh::MeshDevice device = timing(topology);
  AttentionConfig config = config_of(of, device);
  if (change) change(config);
  return refusal([&] { (void)Module::from_config(config); });
}

TEST(AttentionConfig, NamesTheOtherClass) {
  EXPECT_THAT(refused<Attention1D>("tg", {}),
              HasSubstr("Attention1D cannot be used for a 4x8 mesh"));
  EXPECT_THAT(refused<Attention1D>("tg", {}), HasSubstr("Use Attention2D instead."));
  for (const char* mesh : {"n150", "n300", "t3k:1x8:ring"}) {
    EXPECT_THAT(refused<Attention2D>(mesh, {}), AllOf(HasSubstr("Attention2D requires 2D mesh"),
                                                      HasSubstr("Use Attention1D instead.")));
  }
}

TEST(AttentionConfig, NeedsHeadsToBeStated) {
  for (const char* name : {"n_heads", "n_kv_heads", "head_dim"}) {
    EXPECT_THAT(refused<Attention1D>("n150", {},
                                     [&](AttentionConfig& config) {
                                       if (name == std::string("n_heads")) config.n_heads.reset();
                                       if (name == std::string("n_kv_heads")) {
                                         config.n_kv_heads.reset();
                                       }
                                       if (name == std::string("head_dim")) config.head_dim.reset();
                                     }),
                HasSubstr(std::string(name) + " must be provided"));
  }
}

TEST(AttentionConfig, NeedsAsManyHeadsOnEachChip) {
  EXPECT_THAT(refused<Attention1D>("t3k:1x8:line", {.n_heads = 28, .n_kv_heads = 4}),
              AllOf(HasSubstr("n_heads (28) must be divisible by the 8 chips"),
                    HasSubstr("a mesh with 1, 2, 4 of them fits")));
  EXPECT_THAT(refused<Attention1D>("t3k:1x8:line", {.n_heads = 8, .n_kv_heads = 4}),
              HasSubstr("n_kv_heads (4) must be divisible by the 8 chips"));
  EXPECT_THAT(refused<Attention2D>("galaxy", {.n_heads = 8, .n_kv_heads = 4}),
              HasSubstr("n_kv_heads (4) must be divisible by the 8 rows of the mesh"));
  EXPECT_THAT(refused<Attention1D>("n150", {.n_heads = 8, .n_kv_heads = 3}),
              HasSubstr("n_heads is 8, needs a multiple of n_kv_heads 3"));
  EXPECT_THAT(refused<Attention1D>("n150", {.head_dim = 48}),
              HasSubstr("head_dim is 48, needs a multiple of 32"));
}

TEST(AttentionConfig, NeedsAsManyUsersInEachColumn) {
  EXPECT_THAT(refused<Attention2D>("tg", {.batch = 12}),
              HasSubstr("max_batch_size is 12, needs a multiple of the 8 columns"));
}

TEST(AttentionConfig, NeedsWholeTilesOfDim) {
  EXPECT_THAT(refused<Attention1D>("t3k:1x8:line", {.dim = 544}),
              HasSubstr("dim is 544, needs a multiple of 256"));
  EXPECT_THAT(refused<Attention2D>("tg", {.dim = 544}),
              HasSubstr("dim is 544, needs a multiple of 256"));
}

TEST(AttentionConfig, KeepsToTheTokensOfAChip) {
  EXPECT_THAT(refused<Attention1D>("n150", {.batch = 32, .max_seq_len = 8192}),
              AllOf(HasSubstr("Total token budget exceeded"), HasSubstr("262144 tokens"),
                    HasSubstr("maximum is 131072")));
  // On a grid a chip has the users of its column alone.
  EXPECT_EQ(refused<Attention2D>("tg", {.batch = 32, .max_seq_len = 8192}), "accepted");
  EXPECT_THAT(refused<Attention1D>("n150", {.paged = PagedAttentionConfig{.block_size = 64,
                                                                          .max_num_blocks = 4096}}),
              HasSubstr("max_num_blocks 4096 of block_size 64 are 262144 tokens"));
  EXPECT_THAT(refused<Attention1D>("n150", {.paged = PagedAttentionConfig{.block_size = 24}}),
              HasSubstr("needs blocks of a multiple of 32 positions"));
}

TEST(AttentionConfig, RefusesAWindowOverPages) {
  EXPECT_THAT(refused<Attention1D>("n150", {.sliding_window = 64, .paged = PagedAttentionConfig{}}),
              HasSubstr("sliding_window with paged_attention is not supported"));
  EXPECT_THAT(refused<Attention1D>("n150", {.sliding_window = 0}),
              HasSubstr("sliding_window is 0, needs at least 1"));
}

TEST(AttentionConfig, RefusesWeightsThatDoNotFit) {
  EXPECT_THAT(refused<Attention1D>("n150", {},
                                   [](AttentionConfig& config) {
                                     config.wo = LazyWeight(random_source(1, {128, 256}, 1));
                                   }),
              HasSubstr("wo has shape [128, 256], needs [256, 256]"));
  EXPECT_THAT(refused<Attention1D>("n150", {},
                                   [](AttentionConfig& config) {
                                     config.wqkv = LazyWeight(random_source(1, {256, 256}, 1));
                                   }),
              HasSubstr("wqkv has shape [256, 256], needs [256, 768]"));
  EXPECT_THAT(refused<Attention1D>("n150", {},
                                   [](AttentionConfig& config) {
                                     config.q_norm = LazyWeight(random_source(1, {1, 32}, 1));
                                   }),
              HasSubstr("q_norm and k_norm must be supplied together"));
  EXPECT_THAT(refused<Attention1D>("n150", {.qk_norm = true},
                                   [](AttentionConfig& config) {
                                     config.k_norm = LazyWeight(random_source(1, {1, 64}, 1));
                                   }),
              HasSubstr("k_norm has shape [1, 64], needs the 32 values of head_dim"));
  EXPECT_THAT(
      refused<Attention1D>("n150", {},
                           [](AttentionConfig& config) {
                             const auto& parts = config.wqkv.parts();
                             config.wqkv = QkvWeight(
                                 parts[0], parts[1],
                                 LazyWeight(parts[2].source(), {.dtype = mesh::DataType::Bfp8B}));
                           }),
      HasSubstr("needs one dtype"));
}

std::string prefill_refusal(const AttentionCase& of, std::int64_t rows,
                            const std::function<void(AttentionPrefillInputs&)>& change = {}) {
  const mesh::MeshDevice device = timing("n150");
  Pair1D pair(of, device);
  AttentionPrefillInputs inputs{.rot_mats = pair.rotary().prefill_forward(0, 128),
                                .page_table = pair.page_table()};
  if (change) change(inputs);
  const mesh::Tensor x = pair.module().input(pair.tokens(1, rows), Mode::Prefill);
  const std::string text = refusal([&] { (void)pair.module().prefill_forward(x, inputs); });
  EXPECT_TRUE(x.is_allocated());
  EXPECT_FALSE(pair.module().config().wo.is_loaded());
  return text;
}

TEST(Attention1D, RefusesPromptsOfOtherLengths) {
  const AttentionCase of{.max_seq_len = 8192};
  EXPECT_THAT(prefill_refusal(of, 96), HasSubstr("sequence length is 96, needs a multiple of 128"));
  EXPECT_THAT(prefill_refusal(of, 3072),
              HasSubstr("sequence length is 3072, needs a multiple of 2048 above it"));
  EXPECT_THAT(prefill_refusal(of, 128, [](auto& inputs) { inputs.users = {8}; }),
              HasSubstr("there is no user 8, max_batch_size is 8"));
  EXPECT_THAT(prefill_refusal(of, 128,
                              [](auto& inputs) {
                                inputs.users = {0, 1, 2};
                              }),
              HasSubstr("as many rows of each"));
  EXPECT_THAT(prefill_refusal(of, 128, [](auto& inputs) { inputs.rot_mats = {}; }),
              HasSubstr("rot_mats are empty"));
}

TEST(Attention1D, RefusesChunksThatDoNotFit) {
  const AttentionCase paged{.paged = PagedAttentionConfig{.block_size = 64}};
  EXPECT_THAT(prefill_refusal({}, 128, [](auto& inputs) { inputs.chunk_start_idx = 128; }),
              HasSubstr("a chunk needs a paged cache"));
  EXPECT_THAT(prefill_refusal(paged, 128, [](auto& inputs) { inputs.chunk_start_idx = 32; }),
              HasSubstr("chunk_start_idx is 32 with 1 users, needs a multiple of block_size 64"));
  EXPECT_THAT(prefill_refusal(paged, 128, [](auto& inputs) { inputs.page_table.reset(); }),
              HasSubstr("the cache is paged, needs a page_table"));
}

TEST(Attention1D, RefusesTokensOfOtherUsers) {
  const mesh::MeshDevice device = timing("n150");
  Pair1D pair({}, device);
  const Positions positions(8, 0);
  AttentionDecodeInputs inputs{.current_pos = pair.module().current_pos(positions),
                               .rot_mats = pair.rotary().decode_forward(positions)};
  const auto decoded = [&](std::int64_t rows) {
    return refusal([&] {
      (void)pair.module().decode_forward(pair.module().input(pair.tokens(1, rows), Mode::Decode),
                                         inputs);
    });
  };
  EXPECT_THAT(decoded(4), HasSubstr("the input has 4 rows, needs one for each of the 8 users"));
  inputs.current_pos = {};
  EXPECT_THAT(decoded(8), HasSubstr("current_pos is empty"));
  EXPECT_THAT(refusal([&] {
                (void)pair.module().current_pos({0, 1});
              }),
              HasSubstr("2 positions, needs one for each of the 8 users"));
  EXPECT_THAT(refusal([&] { (void)pair.module().current_pos(Positions(8, 512)); }),
              HasSubstr("position 512, needs -1 (idle) or one below max_seq_len 512"));
  EXPECT_THAT(refusal([&] { (void)pair.module().page_table({0}); }),
              HasSubstr("a page table for a contiguous cache"));
}

TEST(Attention2D, RefusesAnInputThatIsPlacedOtherwise) {
  const mesh::MeshDevice device = timing("tg");
  Pair2D pair({}, device);
  Pair1D line({}, device.submesh({1, 8}));
  const mesh::Tensor x = line.module().input(line.tokens(1, 128), Mode::Prefill);
  EXPECT_THAT(refusal([&] {
                (void)pair.module().prefill_forward(
                    x, {.rot_mats = pair.rotary().prefill_forward(0, 128)});
              }),
              HasSubstr("another mesh device"));
}

}  // namespace
}  // namespace ttmesh::modules
