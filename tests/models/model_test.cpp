#include "modules/model/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "modules/model/generate.hpp"
#include "modules/model/model_source.hpp"
#include "modules/model/prefill_chunk.hpp"
#include "modules/open.hpp"
#include "tests/models/model_folder.hpp"
#include "tests/models/reference_model.hpp"

namespace ttmesh::modules {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::filesystem::path golden_folder() {
  return std::filesystem::path(TTMESH_SOURCE_DIR) / "tests/golden";
}

class Golden : public testing::TestWithParam<const char*> {
 protected:
  std::string config() const { return text_of(golden_folder() / GetParam() / "config.json"); }
  nlohmann::json answer() const {
    return nlohmann::json::parse(text_of(golden_folder() / GetParam() / "golden.json"));
  }
  ModelSpec spec() const { return ModelSpec::from_huggingface("config.json", config()); }
};

TEST_P(Golden, ReferenceGivesTheLogitsOfTransformers) {
  ReferenceModel model(spec());
  const nlohmann::json golden = answer();
  std::vector<float> logits;
  for (const auto& token : golden["prompt"]) logits = model.next(token.get<std::uint32_t>());
  std::size_t step = 0;
  for (const auto& token : golden["tokens"]) {
    for (const auto& kept : golden["logits"]) {
      if (kept["step"] != step) continue;
      const auto expected = kept["values"].get<std::vector<float>>();
      ASSERT_EQ(expected.size(), logits.size());
      for (std::size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(logits[i], expected[i], 2e-4);
    }
    ASSERT_EQ(likeliest(logits), token.get<std::uint32_t>()) << "step " << step;
    logits = model.next(token.get<std::uint32_t>());
    ++step;
  }
}

TEST_P(Golden, ModelOnAMeshGivesTheTokensOfTransformers) {
  const ModelFolder folder(config());
  const nlohmann::json golden = answer();
  GenerateRequest request{.prompts = {golden["prompt"].get<std::vector<std::uint32_t>>()},
                          .max_new_tokens = static_cast<int>(golden["tokens"].size())};
  for (const char* topology : {"n150", "t3k:1x4:line", "tg:4x2"}) {
    SCOPED_TRACE(topology);
    ModelSource source = model_in(folder.path());
    const mesh::MeshDevice device = open(topology, {.threads = 1});
    const auto model = ModelFactory::from_spec(
        source.spec, device,
        {.weights = source.weights,
         .precision = parse_model_precision("f32"),
         .max_batch_size = padded_batch(device.shape(), 1),
         .max_seq_len =
             cache_length(request, default_prefill_chunk(source.spec, device.shape().size()))});
    EXPECT_EQ(generate(*model, request).tokens.front(),
              golden["tokens"].get<std::vector<std::uint32_t>>());
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Golden,
                         testing::Values("arcee_no_gate", "llama", "llama3_scaled_tied",
                                         "llama_biases_gelu", "mistral_window", "qwen2_bias",
                                         "qwen3_qk_norm"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace ttmesh::modules
