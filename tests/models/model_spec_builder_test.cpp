#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "modules/spec/model_spec.hpp"

namespace ttmesh::modules {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

ModelSpec::Builder small() {
  return ModelSpec::Builder("llama").dim(256).hidden_dim(512).layers(3).heads(8).vocab(300);
}

TEST(ModelSpecBuilder, FillsInWhatFollowsFromTheRest) {
  const ModelSpec spec = small().build();
  EXPECT_EQ(spec->name, "llama");
  EXPECT_EQ(spec->kv_heads, 8);
  EXPECT_EQ(spec->head_dim, 32);
  EXPECT_EQ(spec->activation, ops::Activation::Silu);
  EXPECT_TRUE(spec->gate);
  EXPECT_FALSE(spec->qkv_bias || spec->output_bias || spec->mlp_bias || spec->qk_norm);
}

TEST(ModelSpecBuilder, SetsWhatItIsTold) {
  const ModelSpec spec = small()
                             .name("mine")
                             .kv_heads(4)
                             .head_dim(96)
                             .max_positions(512)
                             .norm_epsilon(1e-3)
                             .rope_theta(5e5)
                             .activation(ops::Activation::Relu)
                             .without_gate()
                             .qkv_bias()
                             .output_bias()
                             .mlp_bias()
                             .qk_norm()
                             .tied_embeddings()
                             .sliding_window(40, {true, false, true})
                             .build();
  EXPECT_EQ(spec->name, "mine");
  EXPECT_EQ(spec->kv_heads, 4);
  EXPECT_EQ(spec->head_dim, 96);
  EXPECT_EQ(spec->max_positions, 512);
  EXPECT_EQ(spec->norm_epsilon, 1e-3);
  EXPECT_EQ(spec->rope_theta, 5e5);
  EXPECT_EQ(spec->activation, ops::Activation::Relu);
  EXPECT_FALSE(spec->gate);
  EXPECT_TRUE(spec->qkv_bias && spec->output_bias && spec->mlp_bias);
  EXPECT_TRUE(spec->qk_norm && spec->tied_embeddings);
  EXPECT_EQ(spec.window(0), 40);
  EXPECT_EQ(spec.window(1), std::nullopt);
}

TEST(ModelSpecBuilder, ListsEveryMistakeWhenItBuilds) {
  const ModelSpec::Builder builder = small().heads(7).norm_epsilon(0).sliding_window(4, {true});
  EXPECT_EQ(builder.mistakes().size(), 4);
  EXPECT_THAT([&] { (void)builder.build(); },
              ThrowsMessage<std::invalid_argument>(
                  AllOf(HasSubstr("dim is 256, needs a multiple of heads 7"),
                        HasSubstr("norm_epsilon is 0"), HasSubstr("windows are stated for 1"))));
}

TEST(ModelSpecBuilder, LeavesTheSpecThatItStartsFrom) {
  const ModelSpec spec = small().build();
  EXPECT_EQ(ModelSpec::Builder(spec).layers(2).build()->layers, 2);
  EXPECT_EQ(spec->layers, 3);
}

TEST(ModelSpec, OfSizesIsUniform) {
  const ModelSpec spec = ModelSpec::uniform({.name = "small",
                                             .dim = 256,
                                             .hidden_dim = 512,
                                             .layers = 2,
                                             .heads = 8,
                                             .kv_heads = 2,
                                             .head_dim = 64,
                                             .vocab = 100});
  EXPECT_EQ(spec->name, "small");
  EXPECT_EQ(spec->kv_heads, 2);
  EXPECT_EQ(spec->vocab, 100);
}

TEST(ModelSpec, RefusesSizesThatAreNotThere) {
  EXPECT_THAT([] { (void)ModelSpec::uniform({.dim = 64}); },
              ThrowsMessage<std::invalid_argument>(
                  AllOf(HasSubstr("hidden_dim is 0"), HasSubstr("vocab is 0"))));
}

TEST(ModelSpec, CountsTheParametersOfItsBiases) {
  const std::int64_t plain = small().build().parameters();
  EXPECT_EQ(small().mlp_bias().build().parameters() - plain, 3 * (2 * 512 + 256));
  EXPECT_EQ(small().qkv_bias().output_bias().build().parameters() - plain, 3 * 4 * 256);
  EXPECT_EQ(plain - small().without_gate().build().parameters(), 3 * 256 * 512);
}

TEST(ModelSpec, WithFewerLayersKeepsTheirWindows) {
  const ModelSpec spec = small().sliding_window(16, {false, true, true}).build().with_layers(2);
  EXPECT_EQ(spec->layers, 2);
  EXPECT_EQ(spec.window(0), std::nullopt);
  EXPECT_EQ(spec.window(1), 16);
  EXPECT_THAT([&] { (void)spec.with_layers(3); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("3 layers are asked for")));
}

}  // namespace
}  // namespace ttmesh::modules
