#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "modules/spec/model_spec.hpp"

namespace ttmesh::modules {
namespace {

/// Largest extent that is taken seriously.
constexpr std::int64_t kMaxExtent = std::int64_t{1} << 24;
constexpr int kMaxLayers = 4096;

}  // namespace

ModelSpecBuilder::ModelSpecBuilder(std::string architecture) {
  fields_.architecture = std::move(architecture);
}

ModelSpecBuilder& ModelSpecBuilder::name(std::string value) {
  fields_.name = std::move(value);
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::sizes(const ModelDims& dims) {
  fields_.name = dims.name;
  fields_.dim = dims.dim;
  fields_.hidden_dim = dims.hidden_dim;
  fields_.layers = dims.layers;
  fields_.heads = dims.heads;
  fields_.kv_heads = dims.kv_heads;
  fields_.head_dim = dims.head_dim;
  fields_.vocab = dims.vocab;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::dim(std::int64_t value) {
  fields_.dim = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::hidden_dim(std::int64_t value) {
  fields_.hidden_dim = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::layers(int value) {
  fields_.layers = value;
  if (!fields_.windowed.empty())
    fields_.windowed.resize(static_cast<std::size_t>(std::max(value, 0)));
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::heads(int value) {
  fields_.heads = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::kv_heads(int value) {
  fields_.kv_heads = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::head_dim(std::int64_t value) {
  fields_.head_dim = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::vocab(std::int64_t value) {
  fields_.vocab = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::max_positions(std::int64_t value) {
  fields_.max_positions = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::norm_epsilon(double value) {
  fields_.norm_epsilon = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::rope_theta(double value) {
  fields_.rope_theta = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::rope_scaling(const RotaryScaling& value) {
  fields_.rope_scaling = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::activation(ops::Activation value) {
  fields_.activation = value;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::without_gate() {
  fields_.gate = false;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::qkv_bias() {
  fields_.qkv_bias = true;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::output_bias() {
  fields_.output_bias = true;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::mlp_bias() {
  fields_.mlp_bias = true;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::qk_norm() {
  fields_.qk_norm = true;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::tied_embeddings() {
  fields_.tied_embeddings = true;
  return *this;
}

ModelSpecBuilder& ModelSpecBuilder::sliding_window(std::int64_t value, std::vector<bool> windowed) {
  fields_.sliding_window = value;
  fields_.windowed = std::move(windowed);
  return *this;
}

ModelSpec::Fields ModelSpecBuilder::completed() const {
  ModelSpec::Fields fields = fields_;
  if (fields.kv_heads == 0) fields.kv_heads = fields.heads;
  if (fields.head_dim == 0 && fields.heads > 0) fields.head_dim = fields.dim / fields.heads;
  if (fields.name.empty()) fields.name = fields.architecture;
  return fields;
}

ModelSpec ModelSpecBuilder::build() const {
  const std::vector<std::string> wrong = mistakes();
  if (!wrong.empty()) {
    throw std::invalid_argument(fmt::format("[ModelSpec] {}", fmt::join(wrong, "; ")));
  }
  return ModelSpec(std::make_shared<const ModelSpec::Fields>(completed()));
}

std::vector<std::string> ModelSpecBuilder::mistakes() const {
  const ModelSpec::Fields fields = completed();
  std::vector<std::string> mistakes;
  const auto require = [&](bool holds, auto&& message) {
    if (!holds) mistakes.push_back(message());
  };
  const auto extent = [&](const char* name, std::int64_t value, std::int64_t most) {
    require(value >= 1 && value <= most,
            [&] { return fmt::format("{} is {}, needs 1 to {}", name, value, most); });
  };
  extent("dim", fields.dim, kMaxExtent);
  require(fields.dim % 32 == 0, [&] {
    return fmt::format("dim is {}, needs a multiple of 32: rows are whole tiles", fields.dim);
  });
  extent("hidden_dim", fields.hidden_dim, kMaxExtent);
  extent("layers", fields.layers, kMaxLayers);
  extent("heads", fields.heads, kMaxExtent);
  extent("kv_heads", fields.kv_heads, kMaxExtent);
  extent("vocab", fields.vocab, kMaxExtent);
  extent("max_positions", fields.max_positions, kMaxExtent);
  if (fields.heads >= 1 && fields.kv_heads >= 1) {
    require(fields.heads % fields.kv_heads == 0, [&] {
      return fmt::format("heads is {}, needs a multiple of kv_heads {}", fields.heads,
                         fields.kv_heads);
    });
    require(fields_.head_dim != 0 || fields.dim % fields.heads == 0, [&] {
      return fmt::format("dim is {}, needs a multiple of heads {}, or a head_dim", fields.dim,
                         fields.heads);
    });
  }
  require(fields.head_dim >= 32 && fields.head_dim <= kMaxExtent && fields.head_dim % 32 == 0, [&] {
    return fmt::format("head_dim is {}, needs a multiple of 32: heads are whole tiles",
                       fields.head_dim);
  });
  require(std::isfinite(fields.norm_epsilon) && fields.norm_epsilon > 0, [&] {
    return fmt::format("norm_epsilon is {}, needs a positive number", fields.norm_epsilon);
  });
  require(std::isfinite(fields.rope_theta) && fields.rope_theta > 0, [&] {
    return fmt::format("rope_theta is {}, needs a positive number", fields.rope_theta);
  });
  if (fields.rope_scaling) {
    const RotaryScaling& scaling = *fields.rope_scaling;
    require(std::isfinite(scaling.factor) && scaling.factor > 0, [&] {
      return fmt::format("rope_scaling's factor is {}, needs a positive number", scaling.factor);
    });
    require(scaling.kind != RotaryScaling::Kind::Llama3 ||
                (scaling.low_freq_factor > 0 && std::isfinite(scaling.high_freq_factor) &&
                 scaling.high_freq_factor > scaling.low_freq_factor &&
                 scaling.original_max_position > 0),
            [&] {
              return fmt::format(
                  "rope_scaling has low_freq_factor {}, high_freq_factor {} and original positions "
                  "{}, needs all positive and the high factor above the low",
                  scaling.low_freq_factor, scaling.high_freq_factor, scaling.original_max_position);
            });
  }
  if (fields.sliding_window) extent("sliding_window", *fields.sliding_window, kMaxExtent);
  require(fields.windowed.empty() ||
              fields.windowed.size() == static_cast<std::size_t>(std::max(fields.layers, 0)),
          [&] {
            return fmt::format("windows are stated for {} layers, needs {}", fields.windowed.size(),
                               fields.layers);
          });
  return mistakes;
}

}  // namespace ttmesh::modules
