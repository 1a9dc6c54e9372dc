#include "modules/model/generate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "modules/model/model_source.hpp"
#include "modules/model/prefill_chunk.hpp"
#include "modules/open.hpp"
#include "tests/models/model_folder.hpp"
#include "tests/models/reference_model.hpp"

namespace ttmesh::modules {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;
using Tokens = std::vector<std::uint32_t>;

json small() {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"hidden_size", 256},
          {"intermediate_size", 512},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 8},
          {"num_key_value_heads", 4},
          {"vocab_size", 300}};
}

std::unique_ptr<Model> model_on(const mesh::MeshDevice& device, const ModelSource& source,
                                const GenerateRequest& request, const char* precision = "f32",
                                std::optional<std::int64_t> prefill_chunk = {}) {
  const std::int64_t chunk =
      prefill_chunk.value_or(default_prefill_chunk(source.spec, device.shape().size()));
  return ModelFactory::from_spec(
      source.spec, device,
      {.weights = source.weights,
       .precision = parse_model_precision(precision),
       .max_batch_size = padded_batch(device.shape(), static_cast<int>(request.prompts.size())),
       .max_seq_len = cache_length(request, chunk),
       .prefill_chunk = chunk});
}

GenerateResult run(const char* topology, const ModelSource& source, const GenerateRequest& request,
                   bool timing_only = false) {
  const mesh::MeshDevice device = open(topology, {.threads = 1, .timing_only = timing_only});
  return generate(*model_on(device, source, request), request);
}

/// Prompts of several lengths; one needs a longer prefill.
GenerateRequest mixed_request() {
  GenerateRequest request{.prompts = {{5, 6, 7}, {1}, {}, {9, 8}, {250, 3, 3, 3, 3, 17}},
                          .max_new_tokens = 5};
  for (std::uint32_t i = 0; i < 150; ++i) request.prompts[2].push_back(i * 7 % 300);
  return request;
}

TEST(Generate, GivesEachUserTheTokensThatItGetsAlone) {
  const ModelFolder folder(small().dump());
  const ModelSource source = model_in(folder.path());
  const GenerateRequest request = mixed_request();
  ReferenceModel reference(source.spec);
  std::vector<Tokens> expected;
  for (const Tokens& prompt : request.prompts) {
    reference.clear();
    std::vector<float> logits;
    for (const std::uint32_t token : prompt) logits = reference.next(token);
    expected.emplace_back();
    for (int i = 0; i < request.max_new_tokens; ++i) {
      expected.back().push_back(likeliest(logits));
      logits = reference.next(expected.back().back());
    }
  }
  for (const char* topology : {"n300", "tg:2x4"}) {
    EXPECT_EQ(run(topology, source, request).tokens, expected) << topology;
  }
}

TEST(Generate, TakesTheSameVirtualTimeWithoutValues) {
  const ModelFolder folder(small().dump());
  const ModelSource source = model_in(folder.path());
  for (const char* topology : {"t3k:1x4:line", "tg:4x2"}) {
    const GenerateResult values = run(topology, source, mixed_request());
    const GenerateResult timing = run(topology, source, mixed_request(), true);
    EXPECT_EQ(values.virtual_time, timing.virtual_time) << topology;
    EXPECT_EQ(values.time_to_first_token, timing.time_to_first_token) << topology;
    EXPECT_EQ(values.decode_time, timing.decode_time) << topology;
    EXPECT_TRUE(timing.tokens.empty());
  }
}

TEST(Generate, StopsEachUserAtItsOwnLastToken) {
  const ModelFolder folder(small().dump());
  const ModelSource source = model_in(folder.path());
  GenerateRequest request = mixed_request();
  request.max_new_tokens = 8;
  for (const char* topology : {"n300", "tg:2x4"}) {
    SCOPED_TRACE(topology);
    request.stop_tokens.clear();
    const GenerateResult all = run(topology, source, request);
    request.stop_tokens = {all.tokens[0][2], all.tokens[3][0], 299999};
    const GenerateResult stopped = run(topology, source, request);
    std::int64_t decoded = 0;
    for (std::size_t user = 0; user < all.tokens.size(); ++user) {
      Tokens expected = all.tokens[user];
      const auto first = std::ranges::find_first_of(expected, request.stop_tokens);
      if (first != expected.end()) expected.erase(first + 1, expected.end());
      EXPECT_EQ(stopped.tokens[user], expected) << "user " << user;
      decoded += static_cast<std::int64_t>(expected.size()) - 1;
    }
    EXPECT_EQ(stopped.decoded_tokens, decoded);
    EXPECT_LT(decoded, all.decoded_tokens);
  }
}

TEST(Generate, EndsWithItsLastUser) {
  const ModelFolder folder(small().dump());
  const ModelSource source = model_in(folder.path());
  GenerateRequest request{.prompts = {{5, 6, 7}, {1}}, .max_new_tokens = 9};
  const GenerateResult all = run("n150", source, request);
  request.stop_tokens = {all.tokens[0][3], all.tokens[1][1]};
  const GenerateResult stopped = run("n150", source, request);
  EXPECT_LE(stopped.decode_steps, 3);
  EXPECT_LT(stopped.virtual_time, all.virtual_time);
  EXPECT_DOUBLE_EQ(stopped.tokens_per_s_user(), static_cast<double>(stopped.decoded_tokens) / 2 *
                                                    1e12 /
                                                    static_cast<double>(stopped.decode_time.ps()));
}

TEST(Generate, GivesTheSameTokensInChunks) {
  const ModelFolder folder(small().dump());
  const ModelSource source = model_in(folder.path());
  GenerateRequest request = mixed_request();
  for (std::uint32_t i = 0; i < 520; ++i) request.prompts[0].push_back(i * 13 % 300);
  const mesh::OpenOptions one_thread{.threads = 1};
  for (const char* topology : {"n150", "t3k:1x4:line", "tg:2x4"}) {
    SCOPED_TRACE(topology);
    const mesh::MeshDevice device = open(topology, one_thread);
    const auto whole = model_on(device, source, request);
    const auto chunked = model_on(device, source, request, "f32", 128);
    EXPECT_FALSE(whole->config().pages().has_value());
    EXPECT_TRUE(chunked->config().pages().has_value());
    EXPECT_EQ(generate(*chunked, request).tokens, generate(*whole, request).tokens);
  }
}

TEST(Generate, LeavesOutChunksOfPadding) {
  GenerateRequest request{.prompts = {Tokens(300, 1)}, .max_new_tokens = 1};
  EXPECT_EQ(cache_length(request, 4096), 512);
  EXPECT_EQ(cache_length(request, 128), 384);
}

TEST(Generate, TellsTheTimeOfEveryLayer) {
  const ModelFolder folder(small().dump());
  const GenerateResult result = run("n300", model_in(folder.path()), mixed_request(), true);
  std::vector<std::string> names;
  for (const PartTime& part : result.parts) {
    names.push_back(part.name);
    EXPECT_GT(part.decode.ps(), 0) << part.name;
  }
  EXPECT_THAT(names,
              testing::IsSupersetOf({"embedding", "layers.0", "layers.1", "head", "sampling"}));
  EXPECT_EQ(result.decode_steps, 4);
  EXPECT_GT(result.tokens_per_s_user(), 0);
}

TEST(Generate, RefusesPromptsThatDoNotFitTheModel) {
  const ModelSpec spec = ModelSpec::from_huggingface("config.json", small().dump());
  const auto refused = [&](std::vector<Tokens> prompts, int count, const char* text) {
    EXPECT_THAT([&] { require_prompts(spec, {.prompts = prompts, .max_new_tokens = count}); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(text)));
  };
  refused({{1}, {}}, 1, "the prompt of user 1 is empty");
  refused({{1, 300}}, 1, "token 300, needs 0 to 299");
  refused({{1}}, 2048, "positions for 2048");
  refused({}, 1, "0 prompts");
}

TEST(PrefillChunk, FollowsTheLibrarysTable) {
  const ModelSpec eight = ModelSpec::published("llama-3.1-8b");
  EXPECT_EQ(default_prefill_chunk(eight, 1), 4096);
  EXPECT_EQ(default_prefill_chunk(eight, 2), 65536);
  EXPECT_EQ(default_prefill_chunk(eight, 8), 131072);
  EXPECT_EQ(default_prefill_chunk(ModelSpec::published("llama-3.3-70b"), 8), 32768);
  EXPECT_EQ(default_prefill_chunk(ModelSpec::published("qwen3-32b"), 8), 4096);
  EXPECT_EQ(default_prefill_chunk(eight, 4), 4096);
}

TEST(PrefillChunk, IsRefusedUnlessItIsAPowerOfTwo) {
  const ModelFolder folder(small().dump());
  const ModelSource source = model_in(folder.path());
  const mesh::MeshDevice device = open("n150", {.threads = 1, .timing_only = true});
  for (const std::int64_t chunk : {64, 192}) {
    EXPECT_THAT([&] { (void)model_on(device, source, mixed_request(), "f32", chunk); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("needs a power of two from 128")));
  }
}

TEST(PrefillChunk, IsRefusedOfWindows) {
  json config = small();
  config["architectures"] = {"MistralForCausalLM"};
  config["sliding_window"] = 40;
  const ModelFolder folder(config.dump());
  const ModelSource source = model_in(folder.path());
  const mesh::MeshDevice device = open("n150", {.threads = 1, .timing_only = true});
  EXPECT_NO_THROW((void)model_on(device, source, mixed_request()));
  EXPECT_THAT([&] { (void)model_on(device, source, mixed_request(), "f32", 128); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("leave --prefill-chunk out")));
}

TEST(ModelFactory, MakesAModelOfSizesAlone) {
  const ModelSpec spec = ModelSpec::uniform({.dim = 256,
                                             .hidden_dim = 512,
                                             .layers = 1,
                                             .heads = 8,
                                             .kv_heads = 8,
                                             .head_dim = 32,
                                             .vocab = 100});
  const auto model = ModelFactory::from_spec(spec, open("n300", {.threads = 1}));
  const GenerateRequest request{.prompts = {{1, 2, 3}}, .max_new_tokens = 3};
  EXPECT_EQ(generate(*model, request).tokens.front().size(), 3);
}

TEST(Model, RefusesAMeshThatItsHeadsDoNotDivideOver) {
  json config = small();
  config["hidden_size"] = 288;
  config["head_dim"] = 32;
  const ModelFolder folder(config.dump());
  EXPECT_THAT(
      [&] { (void)run("t3k:1x8:ring", model_in(folder.path()), mixed_request()); },
      ThrowsMessage<std::invalid_argument>(AllOf(HasSubstr("kv_heads is 4, needs a multiple of 8"),
                                                 HasSubstr("dim is 288, needs a multiple of 256"),
                                                 HasSubstr("such as -t SYSTEM:1x1:line"))));
}

TEST(Model, RefusesWhatDoesNotFitTheChips) {
  const ModelSource source = published_model("llama-3.3-70b", 0);
  EXPECT_THAT([&] { (void)run("n150", source, mixed_request(), true); },
              ThrowsMessage<std::invalid_argument>(
                  AllOf(HasSubstr("GiB of DRAM on each chip"), HasSubstr("--weight-dtype"))));
}

TEST(Model, RefusesValuesThatDoNotFitThisMachine) {
  ModelSource source = published_model("llama-3.3-70b", 0);
  const mesh::MeshDevice device = open("tg", {.threads = 1});
  EXPECT_THAT([&] { (void)model_on(device, source, mixed_request(), "bfp8_b"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("--timing-only")));
}

/// A model of the size that float32 is promised for, and its reference's answer.
struct Exact {
  std::string name;
  json config;
};

std::vector<Exact> exact_models() {
  const json llama{{"architectures", {"LlamaForCausalLM"}},
                   {"hidden_size", 1024},
                   {"intermediate_size", 2048},
                   {"num_hidden_layers", 4},
                   {"num_attention_heads", 16},
                   {"num_key_value_heads", 8},
                   {"vocab_size", 2048},
                   {"rms_norm_eps", 1e-5}};
  json mistral = llama;
  mistral.update({{"architectures", {"MistralForCausalLM"}}, {"sliding_window", 40}});
  json qwen = llama;
  qwen.update({{"architectures", {"Qwen3ForCausalLM"}}, {"head_dim", 64}});
  return {{"llama", llama}, {"mistral", mistral}, {"qwen3", qwen}};
}

bool all_asked_for() { return std::getenv("TTMESH_SLOW_TESTS") != nullptr; }

// The prompt, then so many steps that a window of 40 is left; logits within 1e-3 all the way.
TEST(Model, InFloat32IsTheUnshardedReference) {
  const int steps = all_asked_for() ? 64 : 3;
  const std::vector<const char*> topologies =
      all_asked_for() ? std::vector<const char*>{"n150", "n300", "t3k:1x8:ring", "tg:4x8", "tg:8x4"}
                      : std::vector<const char*>{"t3k:1x8:ring"};
  for (const Exact& exact : exact_models()) {
    if (!all_asked_for() && exact.name != "mistral") continue;
    const ModelFolder folder(exact.config.dump());
    const ModelSource source = model_in(folder.path());
    const Tokens prompt{17, 1999, 3, 4, 512, 77, 1024, 9, 40, 41, 2000};
    ReferenceModel reference(source.spec);
    std::vector<std::vector<float>> expected(1);
    for (const std::uint32_t token : prompt) expected.front() = reference.next(token);
    for (int i = 0; i < steps; ++i) expected.push_back(reference.next(likeliest(expected.back())));

    for (const char* topology : topologies) {
      SCOPED_TRACE(exact.name + " on " + topology);
      const mesh::MeshDevice device = open(topology, {.threads = 2});
      const GenerateRequest request{.prompts = {prompt}, .max_new_tokens = steps + 1};
      const auto model = model_on(device, source, request);
      mesh::Tensor logits = model->prefill_forward(
          {.users = {0}, .tokens = {prompt}, .padded_length = padded_prompt(11)});
      std::vector<std::int64_t> positions(static_cast<std::size_t>(model->config().max_batch_size),
                                          -1);
      positions.front() = static_cast<std::int64_t>(prompt.size());
      double most = 0;
      for (int step = 0;; ++step) {
        const mesh::HostTensor all = mesh::to_host(logits);
        const std::vector<float>& wanted = expected[static_cast<std::size_t>(step)];
        const std::vector<float> found(
            all.floats().begin(),
            all.floats().begin() + static_cast<std::ptrdiff_t>(wanted.size()));
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          most = std::max(most, static_cast<double>(std::abs(found[i] - wanted[i])));
        }
        ASSERT_EQ(likeliest(found), likeliest(wanted)) << "step " << step;
        if (step == steps) break;
        logits = step == 0 ? model->decode_forward(
                                 model->token_tensor(Tokens(positions.size(), likeliest(found))),
                                 positions)
                           : model->decode_forward(model->likeliest(logits), positions);
        ++positions.front();
      }
      EXPECT_LE(most, 1e-3);
      RecordProperty(exact.name + topology, std::to_string(most));
      if (all_asked_for())
        std::printf("%s on %s: max error %.2e\n", exact.name.c_str(), topology, most);
    }
  }
}

}  // namespace
}  // namespace ttmesh::modules
