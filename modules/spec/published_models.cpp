#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "modules/model_dims.hpp"
#include "modules/spec/model_spec.hpp"

namespace ttmesh::modules {
namespace {

/// What a published model's config.json says beside its sizes.
struct PublishedModel {
  std::string_view name;
  std::string_view architecture;  ///< Empty: no dense decoder.
  double norm_epsilon;
  double rope_theta;
  double llama3_factor;  ///< 0: positions are not scaled.
  std::int64_t max_positions;
  bool qkv_bias = false;
  bool qk_norm = false;
  bool tied_embeddings = false;
};

// Source: the config.json that each model is published with.
constexpr std::array<PublishedModel, 16> kPublished{{
    {"deepseek-r1-distill-14b", "qwen2", 1e-5, 1e6, 0, 131072, true},
    {"llama-3.1-70b", "llama", 1e-5, 5e5, 8, 131072},
    {"llama-3.1-8b", "llama", 1e-5, 5e5, 8, 131072},
    {"llama-3.2-11b", "", 1e-5, 5e5, 8, 131072},
    {"llama-3.2-1b", "llama", 1e-5, 5e5, 32, 131072, false, false, true},
    {"llama-3.2-3b", "llama", 1e-5, 5e5, 32, 131072, false, false, true},
    {"llama-3.2-90b", "", 1e-5, 5e5, 8, 131072},
    {"llama-3.3-70b", "llama", 1e-5, 5e5, 8, 131072},
    {"mistral-7b", "mistral", 1e-5, 1e6, 0, 32768},
    {"mixtral-8x7b", "", 1e-5, 1e6, 0, 32768},
    {"phi-4", "llama", 1e-5, 250000, 0, 16384},
    {"qwen2-7b", "qwen2", 1e-6, 1e6, 0, 131072, true},
    {"qwen2.5-72b", "qwen2", 1e-6, 1e6, 0, 131072, true},
    {"qwen2.5-7b", "qwen2", 1e-6, 1e6, 0, 131072, true},
    {"qwen2.5-coder-32b", "qwen2", 1e-6, 1e6, 0, 131072, true},
    {"qwen3-32b", "qwen3", 1e-6, 1e6, 0, 40960, false, true},
}};

}  // namespace

ModelSpec ModelSpec::published(std::string_view name) {
  const ModelDims& dims = find_model(name);
  const auto* found = std::find_if(kPublished.begin(), kPublished.end(),
                                   [&](const PublishedModel& m) { return m.name == dims.name; });
  if (found == kPublished.end() || found->architecture.empty()) {
    throw std::invalid_argument(fmt::format(
        "[ModelSpec] {} is no dense decoder (a mixture of experts, or with cross-attention to "
        "images), needs one; its MLP runs alone: ttmesh run mlp --model {}",
        dims.name, dims.name));
  }
  ModelSpec::Builder builder{std::string(found->architecture)};
  builder.sizes(dims)
      .max_positions(found->max_positions)
      .norm_epsilon(found->norm_epsilon)
      .rope_theta(found->rope_theta);
  if (found->qkv_bias) builder.qkv_bias();
  if (found->qk_norm) builder.qk_norm();
  if (found->tied_embeddings) builder.tied_embeddings();
  if (found->llama3_factor > 0) {
    builder.rope_scaling({.kind = RotaryScaling::Kind::Llama3,
                          .factor = found->llama3_factor,
                          .low_freq_factor = 1,
                          .high_freq_factor = 4,
                          .original_max_position = 8192});
  }
  return builder.build();
}

}  // namespace ttmesh::modules
