#include "tests/models/reference_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "modules/model/model_weights.hpp"

namespace ttmesh::modules {
namespace {

std::uint64_t fnv1a(std::string_view name) {
  std::uint64_t value = 0xCBF29CE484222325ULL;
  for (const char c : name) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return value;
}

std::uint64_t splitmix64(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

// y[o] = sum of w[o][i] x[i], in eight sums that the compiler keeps side by side.
std::vector<float> multiply(const std::vector<float>& w, const std::vector<float>& x) {
  constexpr std::size_t kLanes = 8;
  const std::size_t in = x.size();
  std::vector<float> y(w.size() / in);
  for (std::size_t o = 0; o < y.size(); ++o) {
    const float* row = &w[o * in];
    float sums[kLanes] = {};
    for (std::size_t i = 0; i < in; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += row[i + lane] * x[i + lane];
    }
    float sum = 0;
    for (const float part : sums) sum += part;
    y[o] = sum;
  }
  return y;
}

void norm(float* x, std::size_t count, const std::vector<float>& weight, double epsilon) {
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i)
    squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  const auto scale =
      static_cast<float>(1 / std::sqrt(squares / static_cast<double>(count) + epsilon));
  for (std::size_t i = 0; i < count; ++i) x[i] *= scale * weight[i];
}

std::vector<float> normed(std::vector<float> x, const std::vector<float>& weight, double epsilon) {
  norm(x.data(), x.size(), weight, epsilon);
  return x;
}

double frequency(const ModelSpec::Fields& spec, std::int64_t pair) {
  const double plain = std::pow(
      spec.rope_theta, -2.0 * static_cast<double>(pair) / static_cast<double>(spec.head_dim));
  if (!spec.rope_scaling) return plain;
  const RotaryScaling& s = *spec.rope_scaling;
  if (s.kind == RotaryScaling::Kind::Linear) return plain / s.factor;
  const double length = 2 * 3.14159265358979323846 / plain;
  const auto trained = static_cast<double>(s.original_max_position);
  if (length < trained / s.high_freq_factor) return plain;
  if (length > trained / s.low_freq_factor) return plain / s.factor;
  const double smooth =
      (trained / length - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1 - smooth) * plain / s.factor + smooth * plain;
}

// Turns dimension i with i + d / 2.
void rotate(float* head, const ModelSpec::Fields& spec, std::int64_t position) {
  const std::int64_t half = spec.head_dim / 2;
  for (std::int64_t i = 0; i < half; ++i) {
    const double angle = static_cast<double>(position) * frequency(spec, i);
    const auto c = static_cast<float>(std::cos(angle));
    const auto s = static_cast<float>(std::sin(angle));
    const float a = head[i];
    const float b = head[i + half];
    head[i] = a * c - b * s;
    head[i + half] = b * c + a * s;
  }
}

float activated(ops::Activation activation, float x) {
  const double y = x;
  switch (activation) {
    case ops::Activation::None:
      return x;
    case ops::Activation::Relu:
      return std::max(x, 0.0F);
    case ops::Activation::Relu2:
      return std::max(x, 0.0F) * std::max(x, 0.0F);
    case ops::Activation::Gelu:
      return static_cast<float>(y / 2 * (1 + std::erf(y * std::sqrt(0.5))));
    case ops::Activation::GeluTanh:
      return static_cast<float>(y / 2 * (1 + std::tanh(0.7978845608 * (y + 0.044715 * y * y * y))));
    case ops::Activation::Silu:
      return static_cast<float>(y / (1 + std::exp(-y)));
  }
  return 0;
}

void add(std::vector<float>& x, const std::vector<float>& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

std::string in_layer(int layer, const char* name) {
  return fmt::format("model.layers.{}.{}", layer, name);
}

}  // namespace

std::vector<float> recipe_uniform(std::string_view name, std::int64_t count) {
  const std::uint64_t key = fnv1a(name);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t bits = splitmix64(key + i * 0x9E3779B97F4A7C15ULL) >> 40U;
    values[i] = static_cast<float>(bits) * 0x1p-24F - 0.5F;
  }
  return values;
}

std::vector<float> recipe_values(const std::string& name, const mesh::Shape& shape) {
  std::vector<float> values = recipe_uniform(name, shape.volume());
  if (shape.rank() == 2) {
    const auto scale = static_cast<float>(
        std::exp2(std::floor(std::log2(12.0 / static_cast<double>(shape[1])) / 2 + 0.5)));
    for (float& value : values) value *= scale;
  } else if (!name.ends_with("bias")) {
    for (float& value : values) value = 1.0F + value * 0.25F;
  }
  return values;
}

ReferenceModel::ReferenceModel(ModelSpec spec) : spec_(std::move(spec)) {
  for (const ExpectedTensor& tensor : expected_tensors(spec_)) {
    weights_.emplace(tensor.name, recipe_values(tensor.name, tensor.shape));
  }
  clear();
}

void ReferenceModel::clear() {
  position_ = 0;
  keys_.assign(static_cast<std::size_t>(spec_->layers), {});
  values_.assign(static_cast<std::size_t>(spec_->layers), {});
}

std::vector<float> ReferenceModel::attention(int layer, const std::vector<float>& x) {
  const auto name = [&](const char* text) { return in_layer(layer, text); };
  std::vector<float> q = multiply(weight(name("self_attn.q_proj.weight")), x);
  std::vector<float> k = multiply(weight(name("self_attn.k_proj.weight")), x);
  std::vector<float> v = multiply(weight(name("self_attn.v_proj.weight")), x);
  if (spec_->qkv_bias) {
    add(q, weight(name("self_attn.q_proj.bias")));
    add(k, weight(name("self_attn.k_proj.bias")));
    add(v, weight(name("self_attn.v_proj.bias")));
  }
  const auto d = static_cast<std::size_t>(spec_->head_dim);
  for (std::size_t at = 0; at < q.size(); at += d) {
    if (spec_->qk_norm)
      norm(&q[at], d, weight(name("self_attn.q_norm.weight")), spec_->norm_epsilon);
    rotate(&q[at], *spec_, position_);
  }
  for (std::size_t at = 0; at < k.size(); at += d) {
    if (spec_->qk_norm)
      norm(&k[at], d, weight(name("self_attn.k_norm.weight")), spec_->norm_epsilon);
    rotate(&k[at], *spec_, position_);
  }
  auto& keys = keys_[static_cast<std::size_t>(layer)];
  auto& values = values_[static_cast<std::size_t>(layer)];
  keys.push_back(std::move(k));
  values.push_back(std::move(v));

  const auto window = spec_.window(layer);
  const std::size_t first =
      window && position_ + 1 > *window ? static_cast<std::size_t>(position_ + 1 - *window) : 0;
  const double scale = 1 / std::sqrt(static_cast<double>(d));
  std::vector<float> out(q.size());
  for (std::size_t head = 0; head < q.size() / d; ++head) {
    const std::size_t at = head * d;
    const std::size_t kv = head * static_cast<std::size_t>(spec_->kv_heads) /
                           static_cast<std::size_t>(spec_->heads) * d;
    std::vector<double> scores;
    for (std::size_t t = first; t < keys.size(); ++t) {
      double score = 0;
      for (std::size_t i = 0; i < d; ++i)
        score += static_cast<double>(q[at + i]) * static_cast<double>(keys[t][kv + i]);
      scores.push_back(score * scale);
    }
    const double most = *std::ranges::max_element(scores);
    double sum = 0;
    for (double& score : scores) sum += score = std::exp(score - most);
    std::vector<double> mixed(d, 0.0);
    for (std::size_t t = first; t < keys.size(); ++t) {
      for (std::size_t i = 0; i < d; ++i)
        mixed[i] += scores[t - first] / sum * static_cast<double>(values[t][kv + i]);
    }
    for (std::size_t i = 0; i < d; ++i) out[at + i] = static_cast<float>(mixed[i]);
  }
  std::vector<float> projected = multiply(weight(name("self_attn.o_proj.weight")), out);
  if (spec_->output_bias) add(projected, weight(name("self_attn.o_proj.bias")));
  return projected;
}

std::vector<float> ReferenceModel::mlp(int layer, const std::vector<float>& x) const {
  const auto product = [&](const char* name, const std::vector<float>& in) {
    const std::string path = in_layer(layer, "mlp.") + name;
    std::vector<float> out = multiply(weight(path + ".weight"), in);
    if (spec_->mlp_bias) add(out, weight(path + ".bias"));
    return out;
  };
  std::vector<float> hidden = product(spec_->gate ? "gate_proj" : "up_proj", x);
  for (float& value : hidden) value = activated(spec_->activation, value);
  if (spec_->gate) {
    const std::vector<float> up = product("up_proj", x);
    for (std::size_t i = 0; i < hidden.size(); ++i) hidden[i] *= up[i];
  }
  return product("down_proj", hidden);
}

std::vector<float> ReferenceModel::next(std::uint32_t token) {
  const std::vector<float>& table = weight("model.embed_tokens.weight");
  const auto begin = table.begin() + static_cast<std::ptrdiff_t>(token) * spec_->dim;
  std::vector<float> x(begin, begin + spec_->dim);
  for (int layer = 0; layer < spec_->layers; ++layer) {
    add(x, attention(layer, normed(x, weight(in_layer(layer, "input_layernorm.weight")),
                                   spec_->norm_epsilon)));
    add(x, mlp(layer, normed(x, weight(in_layer(layer, "post_attention_layernorm.weight")),
                             spec_->norm_epsilon)));
  }
  ++position_;
  return multiply(weight(spec_->tied_embeddings ? "model.embed_tokens.weight" : "lm_head.weight"),
                  normed(x, weight("model.norm.weight"), spec_->norm_epsilon));
}

void write_checkpoint(const std::filesystem::path& directory, const ModelSpec& spec,
                      const CheckpointFiles& files) {
  const std::vector<ExpectedTensor> tensors = expected_tensors(spec);
  nlohmann::json map = nlohmann::json::object();
  for (int shard = 0; shard < files.shards; ++shard) {
    const std::string file =
        files.shards == 1 ? "model.safetensors"
                          : fmt::format("model-{}-of-{}.safetensors", shard + 1, files.shards);
    nlohmann::json header = nlohmann::json::object();
    header["__metadata__"] = {{"format", "pt"}};
    std::uint64_t offset = 0;
    std::string data;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (static_cast<int>(i) % files.shards != shard) continue;
      const std::vector<float> values = recipe_values(tensors[i].name, tensors[i].shape);
      const std::size_t size = files.bf16 ? 2 : 4;
      for (const float value : values) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        char bytes[4];
        std::memcpy(bytes, &bits, 4);
        data.append(bytes + 4 - size, size);
      }
      const std::uint64_t end = offset + values.size() * size;
      const auto dims = tensors[i].shape.dims();
      header[tensors[i].name] = {{"dtype", files.bf16 ? "BF16" : "F32"},
                                 {"shape", std::vector<std::int64_t>(dims.begin(), dims.end())},
                                 {"data_offsets", {offset, end}}};
      map[tensors[i].name] = file;
      offset = end;
    }
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    std::ofstream out(directory / file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), sizeof length);
    out << text << data;
  }
  if (files.shards > 1) {
    std::ofstream(directory / "model.safetensors.index.json")
        << nlohmann::json{{"metadata", {{"total_size", 0}}}, {"weight_map", map}}.dump();
  }
}

std::uint32_t likeliest(const std::vector<float>& logits) {
  return static_cast<std::uint32_t>(std::ranges::max_element(logits) - logits.begin());
}

}  // namespace ttmesh::modules
