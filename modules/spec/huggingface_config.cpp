#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "modules/checkpoint/json_file.hpp"
#include "modules/spec/model_spec.hpp"

namespace ttmesh::modules {
namespace {

using nlohmann::json;
using Keys = std::initializer_list<const char*>;

/// What the families of checkpoints differ in: the defaults of transformers' config classes.
struct Family {
  std::string_view name;          ///< model_type
  std::string_view architecture;  ///< architectures
  int default_kv_heads;           ///< 0: as many as heads.
  std::int64_t default_head_dim;  ///< 0: dim / heads.
  std::int64_t default_max_positions;
  bool qkv_bias;
  bool qk_norm;
};

constexpr std::array<Family, 4> kFamilies{{
    {"llama", "LlamaForCausalLM", 0, 0, 2048, false, false},
    {"mistral", "MistralForCausalLM", 8, 0, 131072, false, false},
    {"qwen2", "Qwen2ForCausalLM", 0, 0, 32768, true, false},
    {"qwen3", "Qwen3ForCausalLM", 0, 128, 32768, false, true},
}};

/// Reads keys of an object and gathers what is wrong with them.
class ConfigReader {
 public:
  ConfigReader(std::string file, const json& object) : file_(std::move(file)), object_(object) {}

  /// The first of the keys that is there and not null.
  const json* find(Keys keys) const {
    for (const char* key : keys) {
      const auto found = object_.find(key);
      if (found != object_.end() && !found->is_null()) return &*found;
    }
    return nullptr;
  }
  bool has(const char* key) const { return object_.contains(key); }

  std::int64_t extent(Keys keys) {
    if (find(keys) == nullptr) {
      refuse(*keys.begin(), "is missing, needs a positive whole number");
      return 0;
    }
    return extent_or(keys, 0);
  }

  std::int64_t extent_or(Keys keys, std::int64_t fallback) {
    const json* value = find(keys);
    if (value == nullptr) return fallback;
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    if (!value->is_number_integer() || *value < 1 || *value > kMost) {
      refuse(*keys.begin(),
             fmt::format("is {}, needs a whole number from 1 to {}", shown(*value), kMost));
      return 0;
    }
    return value->get<std::int64_t>();
  }

  double number_or(Keys keys, double fallback) {
    const json* value = find(keys);
    if (value == nullptr) return fallback;
    if (!value->is_number() || !std::isfinite(value->get<double>()) || value->get<double>() <= 0) {
      refuse(*keys.begin(), fmt::format("is {}, needs a positive number", shown(*value)));
      return fallback;
    }
    return value->get<double>();
  }

  bool flag_or(const char* key, bool fallback) {
    const json* value = find({key});
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) {
      refuse(key, fmt::format("is {}, needs true or false", shown(*value)));
      return fallback;
    }
    return value->get<bool>();
  }

  std::string text_or(Keys keys, std::string fallback) {
    const json* value = find(keys);
    if (value == nullptr) return fallback;
    if (!value->is_string()) {
      refuse(*keys.begin(), fmt::format("is {}, needs a text", shown(*value)));
      return fallback;
    }
    return value->get<std::string>();
  }

  void refuse(const std::string& field, const std::string& what) {
    problems_.push_back({.file = file_, .line = 0, .field = field, .what = what});
  }
  void add(const ConfigReader& part) {
    problems_.insert(problems_.end(), part.problems_.begin(), part.problems_.end());
  }
  void check() const {
    if (!problems_.empty()) throw mesh::InvalidFile(problems_);
  }
  const std::string& file() const { return file_; }

  /// A value as a message shows it.
  static std::string shown(const json& value) {
    constexpr std::size_t kLongest = 60;
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    if (text.size() > kLongest) text = text.substr(0, kLongest) + "..";
    return text;
  }

 private:
  std::string file_;
  const json& object_;
  std::vector<mesh::Problem> problems_;
};

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

// rope_parameters of transformers 5, or rope_scaling beside rope_theta of those before.
void read_rope(ConfigReader& reader, ModelFields& fields) {
  constexpr double kDefaultTheta = 10000;
  fields.rope_theta = reader.number_or({"rope_theta"}, kDefaultTheta);
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
  fields.rope_theta = rope.number_or({"rope_theta"}, fields.rope_theta);
  const std::string type = rope.text_or({"rope_type", "type"}, "default");
  if (rope.number_or({"partial_rotary_factor"}, 1) != 1) {
    rope.refuse("partial_rotary_factor", "is not 1, needs whole heads to be turned");
  }
  if (type == "linear") {
    if (rope.find({"factor"}) == nullptr) rope.refuse("factor", "is missing, needs a number");
    fields.rope_scaling =
        RotaryScaling{.kind = RotaryScaling::Kind::Linear, .factor = rope.number_or({"factor"}, 1)};
  } else if (type == "llama3") {
    for (const char* needed : {"factor", "low_freq_factor", "high_freq_factor"}) {
      if (rope.find({needed}) == nullptr) rope.refuse(needed, "is missing, needs a number");
    }
    fields.rope_scaling =
        RotaryScaling{.kind = RotaryScaling::Kind::Llama3,
                      .factor = rope.number_or({"factor"}, 8),
                      .low_freq_factor = rope.number_or({"low_freq_factor"}, 1),
                      .high_freq_factor = rope.number_or({"high_freq_factor"}, 4),
                      .original_max_position = rope.extent_or({"original_max_position_embeddings"},
                                                              fields.max_positions)};
  } else if (type != "default") {
    rope.refuse("rope_type", fmt::format("is '{}', needs default, linear or llama3", type));
  }
  reader.add(rope);
}

// Which layers see a window alone.
void read_window(ConfigReader& reader, const Family& family, ModelFields& fields) {
  if (family.name == "llama") return;
  if (family.name == "mistral") {
    // transformers' default where the key is absent; null is no window.
    constexpr std::int64_t kMistralWindow = 4096;
    if (!reader.has("sliding_window")) fields.sliding_window = kMistralWindow;
    if (reader.find({"sliding_window"}) != nullptr) {
      fields.sliding_window = reader.extent_or({"sliding_window"}, 0);
    }
    return;
  }
  if (!reader.flag_or("use_sliding_window", false)) return;
  if (reader.has("sliding_window") && reader.find({"sliding_window"}) == nullptr) return;
  constexpr std::int64_t kQwenWindow = 4096;
  constexpr std::int64_t kQwenWindowLayers = 28;
  fields.sliding_window = reader.extent_or({"sliding_window"}, kQwenWindow);
  fields.windowed.assign(static_cast<std::size_t>(std::clamp(fields.layers, 0, 1 << 16)), false);
  const json* types = reader.find({"layer_types"});
  if (types == nullptr) {
    // The first max_window_layers see everything, whatever the name says.
    const json* stated = reader.find({"max_window_layers"});
    const std::int64_t first = stated != nullptr && *stated == 0
                                   ? 0
                                   : reader.extent_or({"max_window_layers"}, kQwenWindowLayers);
    for (std::size_t i = 0; i < fields.windowed.size(); ++i) {
      fields.windowed[i] = static_cast<std::int64_t>(i) >= first;
    }
  } else if (!types->is_array() || types->size() != fields.windowed.size()) {
    reader.refuse("layer_types", fmt::format("needs a list of {} texts", fields.layers));
  } else {
    for (std::size_t i = 0; i < types->size(); ++i) {
      const json& type = (*types)[i];
      if (type != "sliding_attention" && type != "full_attention") {
        reader.refuse("layer_types",
                      fmt::format("has {}, needs full_attention or sliding_attention",
                                  ConfigReader::shown(type)));
      }
      fields.windowed[i] = type == "sliding_attention";
    }
  }
  if (std::ranges::none_of(fields.windowed, [](bool windowed) { return windowed; })) {
    fields.sliding_window.reset();
    fields.windowed.clear();
  }
}

void read_activation(ConfigReader& reader, ModelFields& fields) {
  const std::string name =
      reader.text_or({"hidden_act", "hidden_activation", "activation_function"}, "silu");
  if (name == "silu" || name == "swish") {
    fields.activation = ops::Activation::Silu;
  } else if (name == "gelu") {
    fields.activation = ops::Activation::Gelu;
  } else if (name == "relu") {
    fields.activation = ops::Activation::Relu;
  } else {
    reader.refuse("hidden_act", fmt::format("is '{}', needs silu, gelu or relu", name));
  }
}

// What would be computed otherwise than asked for.
void refuse_unsupported(ConfigReader& reader) {
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    if (reader.flag_or(key, false)) {
      reader.refuse(key,
                    "is true, needs false: biases of output and MLP projections are not "
                    "supported");
    }
  }
  if (reader.find({"quantization_config"}) != nullptr) {
    reader.refuse("quantization_config",
                  "is there, needs weights of F32, F16 or BF16; --weight-dtype quantises them");
  }
  if (reader.number_or({"partial_rotary_factor"}, 1) != 1) {
    reader.refuse("partial_rotary_factor", "is not 1, needs whole heads to be turned");
  }
}

}  // namespace

ModelSpec ModelSpec::from_huggingface(const std::string& file, std::string_view text) {
  const json config = parse_json_object(file, text);
  ConfigReader reader(file, config);
  const Family& family = family_of(reader);
  ModelFields fields;
  fields.architecture = family.name;
  fields.name = reader.text_or({"_name_or_path"}, std::string(family.name));
  if (fields.name.empty()) fields.name = family.name;
  fields.dim = reader.extent({"hidden_size", "n_embd"});
  fields.hidden_dim = reader.extent({"intermediate_size", "n_inner"});
  fields.layers = static_cast<int>(reader.extent({"num_hidden_layers", "n_layer"}));
  fields.heads = static_cast<int>(reader.extent({"num_attention_heads", "n_head"}));
  fields.vocab = reader.extent({"vocab_size"});
  fields.kv_heads = static_cast<int>(
      reader.extent_or({"num_key_value_heads", "n_head_kv"}, family.default_kv_heads));
  fields.head_dim =
      reader.extent_or({"head_dim"}, reader.has("head_dim") ? 0 : family.default_head_dim);
  fields.max_positions = reader.extent_or({"max_position_embeddings", "n_positions", "n_ctx"},
                                          family.default_max_positions);
  fields.norm_epsilon = reader.number_or({"rms_norm_eps", "layer_norm_epsilon"}, 1e-6);
  fields.qkv_bias = family.qkv_bias;
  fields.qk_norm = family.qk_norm;
  fields.tied_embeddings = reader.flag_or("tie_word_embeddings", false);
  read_rope(reader, fields);
  read_window(reader, family, fields);
  read_activation(reader, fields);
  refuse_unsupported(reader);
  reader.check();
  for (const std::string& mistake : mistakes_of(fields)) reader.refuse({}, mistake);
  reader.check();
  return uniform(std::move(fields));
}

}  // namespace ttmesh::modules
