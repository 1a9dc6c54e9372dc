#include "modules/spec/model_spec.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <stdexcept>
#include <utility>

namespace ttmesh::modules {
namespace {

/// Largest extent that is taken seriously.
constexpr std::int64_t kMaxExtent = std::int64_t{1} << 24;
constexpr int kMaxLayers = 4096;

ModelFields completed(ModelFields fields) {
  if (fields.kv_heads == 0) fields.kv_heads = fields.heads;
  if (fields.head_dim == 0 && fields.heads > 0) fields.head_dim = fields.dim / fields.heads;
  if (fields.name.empty()) fields.name = fields.architecture;
  return fields;
}

}  // namespace

std::vector<std::string> mistakes_of(const ModelFields& given) {
  const ModelFields fields = completed(given);
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
    require(given.head_dim != 0 || fields.dim % fields.heads == 0, [&] {
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

ModelSpec ModelSpec::uniform(ModelFields fields) {
  const std::vector<std::string> mistakes = mistakes_of(fields);
  if (!mistakes.empty()) {
    throw std::invalid_argument(fmt::format("[ModelSpec] {}", fmt::join(mistakes, "; ")));
  }
  return ModelSpec(std::make_shared<const ModelFields>(completed(std::move(fields))));
}

ModelSpec ModelSpec::with_layers(int layers) const {
  if (layers < 1 || layers > fields_->layers) {
    throw std::invalid_argument(fmt::format("[ModelSpec] {} layers are asked for, {} has {}",
                                            layers, fields_->name, fields_->layers));
  }
  ModelFields fields = *fields_;
  fields.layers = layers;
  if (!fields.windowed.empty()) fields.windowed.resize(static_cast<std::size_t>(layers));
  return uniform(std::move(fields));
}

std::optional<std::int64_t> ModelSpec::window(int layer) const {
  const bool has =
      fields_->windowed.empty() || fields_->windowed.at(static_cast<std::size_t>(layer));
  return has ? fields_->sliding_window : std::nullopt;
}

std::int64_t ModelSpec::parameters() const {
  const ModelFields& f = *fields_;
  const std::int64_t query = f.heads * f.head_dim;
  const std::int64_t key = f.kv_heads * f.head_dim;
  const std::int64_t attention = f.dim * (query + 2 * key) + query * f.dim +
                                 (f.qkv_bias ? query + 2 * key : 0) +
                                 (f.qk_norm ? 2 * f.head_dim : 0);
  const std::int64_t layer = attention + 3 * f.dim * f.hidden_dim + 2 * f.dim;
  return f.layers * layer + f.dim + (f.tied_embeddings ? 1 : 2) * f.vocab * f.dim;
}

}  // namespace ttmesh::modules
