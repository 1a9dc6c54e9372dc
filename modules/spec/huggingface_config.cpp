#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/checkpoint/json_file.hpp"
#include "modules/spec/config_reader.hpp"
#include "modules/spec/model_spec.hpp"

namespace ttmesh::modules {
namespace {

using nlohmann::json;

/// What the families of checkpoints differ in: the defaults of transformers' config classes.
struct Family {
  std::string_view name;          ///< model_type
  std::string_view architecture;  ///< architectures
  int default_kv_heads;           ///< 0: as many as heads.
  std::int64_t default_head_dim;  ///< 0: dim / heads.
  std::int64_t default_max_positions;
  bool qk_norm;
  /// Which products have biases if attention_bias or mlp_bias is true; elsewhere the keys mean
  /// nothing.
  bool attention_bias;
  bool mlp_bias;
  bool qkv_bias;  ///< Of queries, keys and values, always.
  double default_epsilon = 1e-6;
  bool gate = true;  ///< Of the MLP.
  std::string_view default_activation = "silu";
};

constexpr std::array<Family, 5> kFamilies{{
    {"arcee", "ArceeForCausalLM", 0, 0, 4096, false, true, true, false, 1e-5, false, "relu2"},
    {"llama", "LlamaForCausalLM", 0, 0, 2048, false, true, true, false},
    {"mistral", "MistralForCausalLM", 8, 0, 131072, false, false, false, false},
    {"qwen2", "Qwen2ForCausalLM", 0, 0, 32768, false, false, false, true},
    {"qwen3", "Qwen3ForCausalLM", 0, 128, 32768, true, true, false, false},
}};

const Family& family_of(ConfigReader& reader) {
  std::string architecture;
  if (const json* list = reader.find({"architectures"});
      list != nullptr && list->is_array() && !list->empty() && (*list)[0].is_string()) {
    architecture = (*list)[0].get<std::string>();
  }
  const std::string type = reader.text_or({"model_type"}, "");
  for (const Family& family : kFamilies) {
    const bool fits =
        architecture.empty() ? type == family.name : architecture == family.architecture;
    if (fits) return family;
  }
  std::vector<std::string> known;
  for (const Family& family : kFamilies) {
    known.push_back(fmt::format("{} ({})", family.name, family.architecture));
  }
  reader.refuse("architectures", fmt::format("'{}', model_type '{}', is unknown, needs one of {}",
                                             architecture, type, fmt::join(known, ", ")));
  reader.check();
  return kFamilies.front();
}

RotaryScaling llama3_scaling(ConfigReader& rope, std::int64_t max_positions) {
  for (const char* needed : {"factor", "low_freq_factor", "high_freq_factor"}) {
    if (rope.find({needed}) == nullptr) rope.refuse(needed, "is missing, needs a number");
  }
  return {
      .kind = RotaryScaling::Kind::Llama3,
      .factor = rope.number_or({"factor"}, 8),
      .low_freq_factor = rope.number_or({"low_freq_factor"}, 1),
      .high_freq_factor = rope.number_or({"high_freq_factor"}, 4),
      .original_max_position = rope.extent_or({"original_max_position_embeddings"}, max_positions)};
}

// rope_parameters of transformers 5, or rope_scaling beside rope_theta of those before.
void read_rope(ConfigReader& reader, std::int64_t max_positions, ModelSpec::Builder& builder) {
  constexpr double kDefaultTheta = 10000;
  const double theta = reader.number_or({"rope_theta"}, kDefaultTheta);
  builder.rope_theta(theta);
  const char* key =
      reader.find({"rope_parameters"}) != nullptr ? "rope_parameters" : "rope_scaling";
  const json* object = reader.find({key});
  if (object == nullptr) return;
  if (!object->is_object()) {
    reader.refuse(key, fmt::format("is {}, needs an object", ConfigReader::shown(*object)));
    return;
  }
  if (std::any_of(object->begin(), object->end(), [](const json& v) { return v.is_object(); })) {
    reader.refuse(key, "states other positions for other layers, needs one for all");
    return;
  }
  ConfigReader rope(reader.file(), *object);
  builder.rope_theta(rope.number_or({"rope_theta"}, theta));
  const std::string type = rope.text_or({"rope_type", "type"}, "default");
  if (rope.number_or({"partial_rotary_factor"}, 1) != 1) {
    rope.refuse("partial_rotary_factor", "is not 1, needs whole heads to be turned");
  }
  if (type == "linear") {
    if (rope.find({"factor"}) == nullptr) rope.refuse("factor", "is missing, needs a number");
    builder.rope_scaling(
        {.kind = RotaryScaling::Kind::Linear, .factor = rope.number_or({"factor"}, 1)});
  } else if (type == "llama3") {
    builder.rope_scaling(llama3_scaling(rope, max_positions));
  } else if (type != "default") {
    rope.refuse("rope_type", fmt::format("is '{}', needs default, linear or llama3", type));
  }
  reader.add(rope);
}

// Layers of a Qwen that see a window alone.
std::vector<bool> windowed_layers(ConfigReader& reader, int layers) {
  std::vector<bool> windowed(static_cast<std::size_t>(std::clamp(layers, 0, 1 << 16)), false);
  const json* types = reader.find({"layer_types"});
  if (types == nullptr) {
    // The first max_window_layers see everything, whatever the name says.
    constexpr std::int64_t kQwenWindowLayers = 28;
    const json* stated = reader.find({"max_window_layers"});
    const std::int64_t first = stated != nullptr && *stated == 0
                                   ? 0
                                   : reader.extent_or({"max_window_layers"}, kQwenWindowLayers);
    for (std::size_t i = 0; i < windowed.size(); ++i) {
      windowed[i] = static_cast<std::int64_t>(i) >= first;
    }
    return windowed;
  }
  if (!types->is_array() || types->size() != windowed.size()) {
    reader.refuse("layer_types", fmt::format("needs a list of {} texts", layers));
    return windowed;
  }
  for (std::size_t i = 0; i < types->size(); ++i) {
    const json& type = (*types)[i];
    if (type != "sliding_attention" && type != "full_attention") {
      reader.refuse("layer_types", fmt::format("has {}, needs full_attention or sliding_attention",
                                               ConfigReader::shown(type)));
    }
    windowed[i] = type == "sliding_attention";
  }
  return windowed;
}

void read_window(ConfigReader& reader, const Family& family, int layers,
                 ModelSpec::Builder& builder) {
  // transformers' default where the key is absent; null is no window.
  constexpr std::int64_t kDefaultWindow = 4096;
  if (family.name == "llama" || family.name == "arcee") return;
  if (family.name != "mistral" && !reader.flag_or("use_sliding_window", false)) return;
  if (reader.has("sliding_window") && reader.find({"sliding_window"}) == nullptr) return;
  const std::int64_t window = reader.extent_or({"sliding_window"}, kDefaultWindow);
  if (family.name == "mistral") {
    builder.sliding_window(window);
    return;
  }
  std::vector<bool> windowed = windowed_layers(reader, layers);
  if (std::ranges::find(windowed, true) == windowed.end()) return;
  builder.sliding_window(window, std::move(windowed));
}

/// Names of activations in transformers.
struct NamedActivation {
  std::string_view name;
  ops::Activation activation;
};
constexpr std::array<NamedActivation, 8> kActivations{{
    {"silu", ops::Activation::Silu},
    {"swish", ops::Activation::Silu},
    {"gelu", ops::Activation::Gelu},
    {"gelu_pytorch_tanh", ops::Activation::GeluTanh},
    {"gelu_new", ops::Activation::GeluTanh},
    {"gelu_fast", ops::Activation::GeluTanh},
    {"relu", ops::Activation::Relu},
    {"relu2", ops::Activation::Relu2},
}};

void read_activation(ConfigReader& reader, const Family& family, ModelSpec::Builder& builder) {
  const std::string name =
      reader.text_or({"hidden_act", "hidden_activation", "activation_function"},
                     std::string(family.default_activation));
  std::vector<std::string_view> known;
  for (const NamedActivation& named : kActivations) {
    if (named.name == name) {
      builder.activation(named.activation);
      return;
    }
    known.push_back(named.name);
  }
  reader.refuse("hidden_act",
                fmt::format("is '{}', needs one of {}", name, fmt::join(known, ", ")));
}

void read_biases(ConfigReader& reader, const Family& family, ModelSpec::Builder& builder) {
  if (family.qkv_bias) builder.qkv_bias();
  if (family.attention_bias && reader.flag_or("attention_bias", false)) {
    builder.qkv_bias().output_bias();
  }
  if (family.mlp_bias && reader.flag_or("mlp_bias", false)) builder.mlp_bias();
}

// What would be computed otherwise than asked for.
void refuse_unsupported(ConfigReader& reader) {
  if (reader.find({"quantization_config"}) != nullptr) {
    reader.refuse("quantization_config",
                  "is there, needs weights of F32, F16 or BF16; --weight-dtype quantises them");
  }
  if (reader.number_or({"partial_rotary_factor"}, 1) != 1) {
    reader.refuse("partial_rotary_factor", "is not 1, needs whole heads to be turned");
  }
}

// GPT-style configs may leave it to be four times the width.
std::int64_t hidden_dim_of(ConfigReader& reader, std::int64_t dim) {
  const bool stated = reader.find({"intermediate_size", "n_inner"}) != nullptr;
  if (!stated && reader.find({"n_embd"}) != nullptr) return 4 * dim;
  return reader.extent({"intermediate_size", "n_inner"});
}

}  // namespace

ModelSpec ModelSpec::from_huggingface(const std::string& file, std::string_view text) {
  const json config = parse_json_object(file, text);
  ConfigReader reader(file, config);
  const Family& family = family_of(reader);
  Builder builder{std::string(family.name)};
  std::string name = reader.text_or({"_name_or_path"}, std::string(family.name));
  const std::int64_t dim = reader.extent({"hidden_size", "n_embd"});
  const std::int64_t hidden_dim = hidden_dim_of(reader, dim);
  const auto layers = static_cast<int>(reader.extent({"num_hidden_layers", "n_layer"}));
  builder.name(name.empty() ? std::string(family.name) : std::move(name))
      .dim(dim)
      .hidden_dim(hidden_dim)
      .layers(layers)
      .heads(static_cast<int>(reader.extent({"num_attention_heads", "n_head"})))
      .vocab(reader.extent({"vocab_size"}))
      .kv_heads(static_cast<int>(
          reader.extent_or({"num_key_value_heads", "n_head_kv"}, family.default_kv_heads)))
      .head_dim(
          reader.extent_or({"head_dim"}, reader.has("head_dim") ? 0 : family.default_head_dim));
  const std::int64_t max_positions = reader.extent_or(
      {"max_position_embeddings", "n_positions", "n_ctx"}, family.default_max_positions);
  builder.max_positions(max_positions)
      .norm_epsilon(
          reader.number_or({"rms_norm_eps", "layer_norm_epsilon"}, family.default_epsilon));
  if (family.qk_norm) builder.qk_norm();
  if (!family.gate) builder.without_gate();
  if (reader.flag_or("tie_word_embeddings", false)) builder.tied_embeddings();
  read_rope(reader, max_positions, builder);
  read_window(reader, family, layers, builder);
  read_activation(reader, family, builder);
  read_biases(reader, family, builder);
  refuse_unsupported(reader);
  reader.check();
  for (const std::string& mistake : builder.mistakes()) reader.refuse({}, mistake);
  reader.check();
  return builder.build();
}

}  // namespace ttmesh::modules
