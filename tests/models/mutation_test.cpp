#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "modules/checkpoint/checkpoint.hpp"
#include "modules/checkpoint/safetensors.hpp"
#include "modules/spec/model_spec.hpp"
#include "tests/models/safetensors_bytes.hpp"

namespace ttmesh::modules {
namespace {

/// Inputs to try for each format: the environment's TTMESH_MUTATIONS, or few.
int mutation_count() {
  const char* text = std::getenv("TTMESH_MUTATIONS");
  return text != nullptr ? std::atoi(text) : 2'000;
}

std::string mutated(std::string text, std::mt19937& random) {
  static const std::vector<std::string> kWords{"-1",
                                               "0",
                                               "1e400",
                                               "18446744073709551616",
                                               "9223372036854775807",
                                               "null",
                                               "{}",
                                               "[]",
                                               "\"",
                                               "\\u0000",
                                               "{\"a\":",
                                               "[[[[",
                                               ",",
                                               "true",
                                               "1.5",
                                               "\xFF"};
  const auto below = [&](std::size_t bound) { return bound == 0 ? 0 : random() % bound; };
  for (std::size_t i = 0; i <= below(4); ++i) {
    const std::size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, below(20));
        break;
      case 2:
        text.insert(at, kWords[below(kWords.size())]);
        break;
      case 3:
        text.insert(at, text.substr(below(text.size() + 1), 40));
        break;
      default:
        text.resize(at);
    }
  }
  return text;
}

// Whatever an input is, it is taken or refused with a message, and nothing else happens.
void try_mutations(const std::vector<std::string>& seeds,
                   const std::function<void(const std::string&)>& parse) {
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < mutation_count(); ++i) {
    const std::string text = mutated(seeds[random() % seeds.size()], random);
    try {
      parse(text);
    } catch (const mesh::InvalidFile& invalid) {
      ASSERT_FALSE(invalid.problems().empty());
      ++refused;
    }
  }
  EXPECT_GT(refused, mutation_count() / 4);
}

TEST(Mutations, OfSafetensorsAreTakenOrRefused) {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
      R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}})";
  try_mutations({safetensors_bytes(header, 32)}, [](const std::string& bytes) {
    for (const auto& [name, tensor] : parse_safetensors("x", bytes, bytes.size())) {
      ASSERT_LE(tensor.offset + tensor.bytes, bytes.size());
    }
  });
}

TEST(Mutations, OfIndexesAreTakenOrRefused) {
  try_mutations({R"({"metadata":{"total_size":7},"weight_map":{"a":"b.safetensors","c":"d"}})"},
                [](const std::string& text) {
                  for (const auto& [tensor, file] : parse_checkpoint_index("x", text)) {
                    ASSERT_EQ(file.find('/'), std::string::npos);
                  }
                });
}

TEST(Mutations, OfConfigsAreTakenOrRefused) {
  const std::string sizes =
      R"("hidden_size":64,"intermediate_size":96,"num_hidden_layers":3,"num_attention_heads":2,)"
      R"("vocab_size":40,"rope_theta":1e6)";
  try_mutations({R"({"architectures":["LlamaForCausalLM"],)" + sizes +
                     R"(,"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,)"
                     R"("high_freq_factor":4,"original_max_position_embeddings":64}})",
                 R"({"model_type":"qwen2",)" + sizes +
                     R"(,"use_sliding_window":true,"sliding_window":16,"max_window_layers":1})",
                 R"({"model_type":"mistral","sliding_window":null,)" + sizes + "}"},
                [](const std::string& text) {
                  const ModelSpec spec = ModelSpec::from_huggingface("x", text);
                  ASSERT_GE(spec->layers, 1);
                  (void)spec.window(spec->layers - 1);
                });
}

}  // namespace
}  // namespace ttmesh::modules
