#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/program/command.hpp"
#include "tests/modules/attention_trial.hpp"

namespace ttmesh::modules {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Positions = std::vector<std::int64_t>;

constexpr PagedAttentionConfig kPaged{.block_size = 64, .max_num_blocks = 70};

// One line a command of a forward call: the op and what its collectives do.
std::vector<std::string> lines_of(const std::vector<mesh::CommandPtr>& program, std::size_t first) {
  std::vector<std::string> lines;
  for (std::size_t i = first; i < program.size(); ++i) {
    std::string line = program[i]->op;
    const mesh::Attributes& attributes = program[i]->attributes;
    if (attributes.has("algorithm")) {
      line += " axis " + std::to_string(attributes.integer("cluster_axis")) + " dim " +
              std::to_string(attributes.integer("dim")) + " " + attributes.text("algorithm");
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

template <typename Pair>
std::vector<std::string> decode_program(const char* topology, AttentionCase of) {
  mesh::MeshDevice device = open(topology, {.timing_only = true});
  of.dtype = mesh::DataType::Bfp8B;
  Pair pair(of, device);
  pair.module().load_device_weights();
  const Positions positions(static_cast<std::size_t>(of.batch), 0);
  const AttentionDecodeInputs inputs{.current_pos = pair.module().current_pos(positions),
                                     .rot_mats = pair.rotary().decode_forward(positions),
                                     .page_table = pair.page_table()};
  const mesh::Tensor x = pair.module().input(pair.tokens(1, of.batch), Mode::Decode);
  device.record_program();
  const std::size_t first = device.program().size();
  (void)pair.module().decode_forward(x, inputs);
  return lines_of(device.program(), first);
}

TEST(Attention1D, NeedsNoCollectiveOnOneChip) {
  EXPECT_THAT(decode_program<Pair1D>("n150", {}),
              ElementsAre("linear", "to_memory_config", "nlp_create_qkv_heads_decode",
                          "rotary_embedding_llama", "rotary_embedding_llama", "paged_update_cache",
                          "paged_update_cache", "scaled_dot_product_attention_decode",
                          "to_memory_config", "nlp_concat_heads_decode", "linear"));
}

TEST(Attention1D, ReducesTermsOnALine) {
  const auto program =
      decode_program<Pair1D>("t3k:1x8:line", {.bias = true, .use_qk_fused = true, .paged = kPaged});
  EXPECT_THAT(program, Contains("reduce_scatter axis 1 dim 3 line"));
  EXPECT_THAT(program, Contains("add"));
  EXPECT_THAT(program, Contains("rotary_embedding_llama_fused_qk"));
  EXPECT_THAT(program, Contains("paged_scaled_dot_product_attention_decode"));
  EXPECT_THAT(program, Not(Contains(HasSubstr("all_gather"))));
}

TEST(Attention1D, GathersHeadsOnARingWhereTheLibraryFuses) {
  const auto fused = decode_program<Pair1D>("t3k:1x8:ring", {.dim = 2048});
  EXPECT_THAT(fused, Contains("all_gather axis 1 dim 3 ring"));
  EXPECT_THAT(fused, Not(Contains(HasSubstr("reduce_scatter"))));
  // 12 tiles of dim on each chip are no multiple of 8.
  EXPECT_THAT(decode_program<Pair1D>("t3k:1x8:ring", {.dim = 3072}),
              Contains(HasSubstr("reduce_scatter")));
}

TEST(Attention2D, DecodesInTheLibrarysOrder) {
  EXPECT_THAT(
      decode_program<Pair2D>("galaxy", {.dim = 1024, .n_heads = 16, .head_dim = 128}),
      ElementsAre("linear", "reduce_scatter axis 1 dim 3 line", "all_gather axis 1 dim 3 line",
                  "typecast", "nlp_create_qkv_heads_decode", "rotary_embedding_llama",
                  "rotary_embedding_llama", "paged_update_cache", "paged_update_cache",
                  "scaled_dot_product_attention_decode", "all_gather axis 1 dim 1 line",
                  "nlp_concat_heads_decode", "linear", "reduce_scatter axis 0 dim 3 line",
                  "all_gather axis 0 dim 3 line", "to_memory_config"));
}

TEST(Attention1D, FoldsLongPrompts) {
  mesh::MeshDevice device = open("n150", {.timing_only = true});
  Pair1D pair({.max_seq_len = 4096, .dtype = mesh::DataType::Bfp8B}, device);
  pair.module().load_device_weights();
  device.record_program();
  const std::size_t first = device.program().size();
  (void)pair.prefill(100, {0}, 4096);
  std::vector<mesh::Shape> products;
  for (std::size_t i = first; i < device.program().size(); ++i) {
    const mesh::Command& command = *device.program()[i];
    if (command.op == "linear") products.push_back(command.output_specs.front().shape);
  }
  EXPECT_THAT(products,
              ElementsAre(mesh::Shape({1, 2, 2048, 768}), mesh::Shape({1, 4, 1024, 256})));
  EXPECT_EQ(pair.output().shape(), mesh::Shape({1, 1, 4096, 256}));
}

TEST(Attention1D, FreesEverythingButItsOutputAndCache) {
  const mesh::MeshDevice device = open("n300", {.timing_only = true});
  Pair1D pair({.dtype = mesh::DataType::Bfp8B, .bias = true, .qk_norm = true}, device);
  pair.module().load_device_weights();
  pair.rotary().load_device_weights();
  const auto used = [&] {
    return device.memory_used(0, mesh::BufferType::Dram) +
           device.memory_used(0, mesh::BufferType::L1);
  };
  const std::int64_t before = used();
  (void)pair.prefill(100, {0}, 128);
  EXPECT_EQ(used() - before, mesh::chip_bytes(pair.output().spec()));
  (void)pair.decode(101, Positions(8, 0));
  EXPECT_EQ(used() - before, mesh::chip_bytes(pair.output().spec()));
}

}  // namespace
}  // namespace ttmesh::modules
