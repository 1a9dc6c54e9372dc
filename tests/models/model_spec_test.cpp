#include "modules/spec/model_spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "mesh/topology/error.hpp"
#include "modules/model_dims.hpp"

namespace ttmesh::modules {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

json llama() {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"hidden_size", 2048},
          {"intermediate_size", 8192},
          {"num_hidden_layers", 16},
          {"num_attention_heads", 32},
          {"num_key_value_heads", 8},
          {"vocab_size", 128256},
          {"rms_norm_eps", 1e-5}};
}

json with(json config, const json& changes) {
  config.update(changes);
  return config;
}

json of_family(const char* architecture, const char* type) {
  return with(llama(), {{"architectures", {architecture}}, {"model_type", type}});
}

ModelSpec parsed(const json& config) {
  return ModelSpec::from_huggingface("config.json", config.dump());
}

void refused(const json& config, const char* text) {
  EXPECT_THAT([&] { (void)parsed(config); }, ThrowsMessage<mesh::InvalidFile>(HasSubstr(text)));
}

TEST(ModelSpec, TakesTheNumbersOfAConfig) {
  const ModelSpec spec = parsed(llama());
  EXPECT_EQ(spec->architecture, "llama");
  EXPECT_EQ(spec->dim, 2048);
  EXPECT_EQ(spec->hidden_dim, 8192);
  EXPECT_EQ(spec->layers, 16);
  EXPECT_EQ(spec->heads, 32);
  EXPECT_EQ(spec->kv_heads, 8);
  EXPECT_EQ(spec->head_dim, 64);
  EXPECT_EQ(spec->vocab, 128256);
  EXPECT_EQ(spec->norm_epsilon, 1e-5);
  EXPECT_FALSE(spec->qkv_bias);
  EXPECT_FALSE(spec->tied_embeddings);
}

TEST(ModelSpec, TakesGptStyleKeys) {
  json config = llama();
  for (const char* key : {"hidden_size", "num_attention_heads", "num_hidden_layers"}) {
    config.erase(key);
  }
  const ModelSpec spec =
      parsed(with(config, {{"n_embd", 1024}, {"n_head", 16}, {"n_layer", 3}, {"n_positions", 77}}));
  EXPECT_EQ(spec->dim, 1024);
  EXPECT_EQ(spec->heads, 16);
  EXPECT_EQ(spec->layers, 3);
  EXPECT_EQ(spec->max_positions, 77);
}

TEST(ModelSpec, TakesGptStyleNumbersOfTheMlp) {
  json config =
      with(llama(),
           {{"n_embd", 2048}, {"activation_function", "gelu_new"}, {"layer_norm_epsilon", 1e-4}});
  for (const char* key : {"hidden_size", "intermediate_size", "rms_norm_eps"}) config.erase(key);
  const ModelSpec spec = parsed(with(config, {{"n_inner", 640}}));
  EXPECT_EQ(spec->hidden_dim, 640);
  EXPECT_EQ(spec->activation, ops::Activation::GeluTanh);
  EXPECT_EQ(spec->norm_epsilon, 1e-4);
  EXPECT_EQ(parsed(with(config, {{"n_inner", nullptr}}))->hidden_dim, 4 * 2048);
}

TEST(ModelSpec, ReadsRopeOfTransformers4And5) {
  const json scaling{{"rope_type", "llama3"},
                     {"factor", 32.0},
                     {"low_freq_factor", 1.0},
                     {"high_freq_factor", 4.0},
                     {"original_max_position_embeddings", 8192}};
  const ModelSpec old = parsed(with(llama(), {{"rope_theta", 5e5}, {"rope_scaling", scaling}}));
  const ModelSpec now =
      parsed(with(llama(), {{"rope_parameters", with(scaling, {{"rope_theta", 5e5}})}}));
  for (const ModelSpec& spec : {old, now}) {
    EXPECT_EQ(spec->rope_theta, 5e5);
    ASSERT_TRUE(spec->rope_scaling);
    EXPECT_EQ(spec->rope_scaling->kind, RotaryScaling::Kind::Llama3);
    EXPECT_EQ(spec->rope_scaling->factor, 32);
    EXPECT_EQ(spec->rope_scaling->original_max_position, 8192);
  }
  EXPECT_FALSE(parsed(with(llama(), {{"rope_scaling", nullptr}}))->rope_scaling);
}

TEST(ModelSpec, RefusesOtherRopes) {
  refused(with(llama(), {{"rope_scaling", {{"type", "yarn"}, {"factor", 2}}}}),
          "rope_type: is 'yarn', needs default, linear or llama3");
  refused(with(llama(), {{"rope_scaling", {{"type", "llama3"}, {"factor", 2}}}}),
          "low_freq_factor: is missing");
  refused(with(llama(), {{"rope_parameters", {{"full_attention", json::object()}}}}),
          "needs one for all");
}

TEST(ModelSpec, OfMistralHasAWindowUnlessItIsNull) {
  const json mistral = of_family("MistralForCausalLM", "mistral");
  EXPECT_EQ(parsed(mistral).window(0), 4096);
  EXPECT_EQ(parsed(with(mistral, {{"sliding_window", 77}})).window(3), 77);
  EXPECT_EQ(parsed(with(mistral, {{"sliding_window", nullptr}})).window(0), std::nullopt);
}

TEST(ModelSpec, OfQwen2HasBiasesAndWindowsInLaterLayers) {
  const json qwen = of_family("Qwen2ForCausalLM", "qwen2");
  EXPECT_TRUE(parsed(qwen)->qkv_bias);
  EXPECT_EQ(parsed(with(qwen, {{"sliding_window", 64}})).window(15), std::nullopt);
  const json windowed =
      with(qwen, {{"use_sliding_window", true}, {"sliding_window", 64}, {"max_window_layers", 9}});
  EXPECT_EQ(parsed(windowed).window(8), std::nullopt);
  EXPECT_EQ(parsed(windowed).window(9), 64);
}

TEST(ModelSpec, OfQwen3TakesTheTypesOfLayers) {
  const json qwen = with(of_family("Qwen3ForCausalLM", "qwen3"),
                         {{"num_hidden_layers", 2},
                          {"use_sliding_window", true},
                          {"sliding_window", 64},
                          {"layer_types", {"sliding_attention", "full_attention"}}});
  const ModelSpec spec = parsed(qwen);
  EXPECT_EQ(spec.window(0), 64);
  EXPECT_EQ(spec.window(1), std::nullopt);
  EXPECT_TRUE(spec->qk_norm);
  EXPECT_EQ(spec->head_dim, 128);
  EXPECT_EQ(parsed(with(qwen, {{"head_dim", nullptr}}))->head_dim, 64);
  refused(with(qwen, {{"layer_types", {"x", "full_attention"}}}), "has \"x\"");
}

TEST(ModelSpec, OfArceeHasNoGate) {
  const ModelSpec spec = parsed(of_family("ArceeForCausalLM", "arcee"));
  EXPECT_FALSE(spec->gate);
  EXPECT_EQ(spec->activation, ops::Activation::Relu2);
  EXPECT_FALSE(spec->mlp_bias);
  EXPECT_EQ(spec.window(0), std::nullopt);
}

TEST(ModelSpec, OfAnUnknownArchitectureListsThoseKnown) {
  refused(with(llama(), {{"architectures", {"GPT2LMHeadModel"}}, {"model_type", "gpt2"}}),
          "'GPT2LMHeadModel', model_type 'gpt2', is unknown, needs one of arcee "
          "(ArceeForCausalLM), llama (LlamaForCausalLM), mistral (MistralForCausalLM), qwen2 "
          "(Qwen2ForCausalLM), qwen3");
}

TEST(ModelSpec, ListsEveryMistake) {
  json config = with(llama(), {{"num_attention_heads", "many"},
                               {"hidden_act", "quick_gelu"},
                               {"tie_word_embeddings", 1},
                               {"attention_bias", "some"}});
  config.erase("hidden_size");
  try {
    (void)parsed(config);
    FAIL();
  } catch (const mesh::InvalidFile& invalid) {
    std::vector<std::string> fields;
    for (const mesh::Problem& problem : invalid.problems()) fields.push_back(problem.field);
    EXPECT_THAT(fields, ElementsAre("hidden_size", "num_attention_heads", "tie_word_embeddings",
                                    "hidden_act", "attention_bias"));
  }
}

TEST(ModelSpec, RefusesNumbersThatDoNotFitEachOther) {
  refused(with(llama(), {{"num_key_value_heads", 5}}),
          "heads is 32, needs a multiple of kv_heads 5");
  refused(with(llama(), {{"head_dim", 20}}), "head_dim is 20, needs a multiple of 32");
  refused(with(llama(), {{"quantization_config", json::object()}}), "quantization_config");
}

TEST(ModelSpec, RefusesWhatIsNoObject) {
  EXPECT_THAT([] { (void)ModelSpec::from_huggingface("config.json", "{\n\"a\": }"); },
              ThrowsMessage<mesh::InvalidFile>(HasSubstr("config.json:2: this is not JSON")));
  EXPECT_THAT([] { (void)ModelSpec::from_huggingface("config.json", "[]"); },
              ThrowsMessage<mesh::InvalidFile>(HasSubstr("needs an object")));
  EXPECT_THAT([] { (void)ModelSpec::from_huggingface("config.json", R"({"a":1,"a":2})"); },
              ThrowsMessage<mesh::InvalidFile>(HasSubstr("a: the key is there twice")));
}

TEST(ModelSpec, KnowsPublishedModels) {
  int dense = 0;
  for (const ModelDims& dims : models()) {
    SCOPED_TRACE(std::string(dims.name));
    try {
      const ModelSpec spec = ModelSpec::published(dims.name);
      EXPECT_EQ(spec->dim, dims.dim);
      ++dense;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr("is no dense decoder"));
    }
  }
  EXPECT_EQ(dense, 13);
}

// Source: the models' cards.
TEST(ModelSpec, CountsParameters) {
  EXPECT_NEAR(static_cast<double>(ModelSpec::published("llama-3.3-70b").parameters()), 70.55e9,
              5e7);
  EXPECT_NEAR(static_cast<double>(ModelSpec::published("llama-3.2-1b").parameters()), 1.236e9, 1e6);
  EXPECT_NEAR(static_cast<double>(ModelSpec::published("mistral-7b").parameters()), 7.248e9, 1e6);
  EXPECT_NEAR(static_cast<double>(ModelSpec::published("qwen3-32b").parameters()), 32.76e9, 1e7);
}

TEST(ModelSpec, TakesBiasesWhereTransformersHasThem) {
  const json all{{"attention_bias", true}, {"mlp_bias", true}};
  const ModelSpec of_llama = parsed(with(llama(), all));
  EXPECT_TRUE(of_llama->qkv_bias && of_llama->output_bias && of_llama->mlp_bias);
  const ModelSpec of_qwen3 = parsed(with(of_family("Qwen3ForCausalLM", "qwen3"), all));
  EXPECT_TRUE(of_qwen3->qkv_bias && of_qwen3->output_bias && !of_qwen3->mlp_bias);
  const ModelSpec of_qwen2 = parsed(with(of_family("Qwen2ForCausalLM", "qwen2"), all));
  EXPECT_TRUE(of_qwen2->qkv_bias && !of_qwen2->output_bias && !of_qwen2->mlp_bias);
  const ModelSpec of_mistral = parsed(with(of_family("MistralForCausalLM", "mistral"), all));
  EXPECT_FALSE(of_mistral->qkv_bias || of_mistral->output_bias || of_mistral->mlp_bias);
}

TEST(ModelSpec, KnowsTransformersNamesOfActivations) {
  const auto activation = [](const char* name) {
    return parsed(with(llama(), {{"hidden_act", name}}))->activation;
  };
  EXPECT_EQ(activation("swish"), ops::Activation::Silu);
  EXPECT_EQ(activation("gelu"), ops::Activation::Gelu);
  EXPECT_EQ(activation("gelu_pytorch_tanh"), ops::Activation::GeluTanh);
  EXPECT_EQ(activation("relu"), ops::Activation::Relu);
  refused(with(llama(), {{"hidden_act", "mish"}}), "hidden_act: is 'mish', needs one of silu");
}

}  // namespace
}  // namespace ttmesh::modules
