#include "modules/attention/attention_rules.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <vector>

#include "mesh/tensor/mapper.hpp"
#include "modules/bias.hpp"
#include "modules/config_defaults.hpp"
#include "modules/weight_place.hpp"

namespace ttmesh::modules {
namespace {

template <typename T>
T stated(const char* module, const std::optional<T>& value, const char* name) {
  if (!value)
    refuse(module, fmt::format("{} must be provided, it cannot be told from weights", name));
  if (*value < 1) refuse(module, fmt::format("{} is {}, needs at least 1", name, *value));
  return *value;
}

std::vector<LazyWeight> weights_of(const AttentionConfig& config) {
  std::vector<LazyWeight> weights = config.wqkv.parts();
  weights.push_back(config.wo);
  if (config.wqkv_bias) {
    const auto& parts = config.wqkv_bias->parts();
    weights.insert(weights.end(), parts.begin(), parts.end());
  }
  for (const auto& weight : {config.wo_bias, config.q_norm, config.k_norm}) {
    if (weight) weights.push_back(*weight);
  }
  return weights;
}

void require_heads(const char* module, const AttentionConfig& config, const HeadParts& cut) {
  const int heads = stated(module, config.n_heads, "n_heads");
  const int kv_heads = stated(module, config.n_kv_heads, "n_kv_heads");
  const std::int64_t width = stated(module, config.head_dim, "head_dim");
  const auto require_parts = [&](const char* name, int count) {
    if (count % cut.parts == 0) return;
    std::string fits;
    for (int parts = 1; parts <= count; ++parts) {
      if (heads % parts == 0 && kv_heads % parts == 0)
        fits += (fits.empty() ? "" : ", ") + std::to_string(parts);
    }
    refuse(module, fmt::format("{} ({}) must be divisible by the {} {}: as many heads on each; a "
                               "mesh with {} of them fits",
                               name, count, cut.parts, cut.by, fits));
  };
  require_parts("n_heads", heads);
  require_parts("n_kv_heads", kv_heads);
  if (heads % kv_heads != 0) {
    refuse(module,
           fmt::format("n_heads is {}, needs a multiple of n_kv_heads {}", heads, kv_heads));
  }
  if (width % mesh::kTileExtent != 0) {
    refuse(module, fmt::format("head_dim is {}, needs a multiple of {}", width, mesh::kTileExtent));
  }
}

bool all_float32(const AttentionConfig& config) {
  for (const LazyWeight& weight : config.wqkv.parts()) {
    if (weight.options().dtype != mesh::DataType::Float32) return false;
  }
  return config.wo.options().dtype == mesh::DataType::Float32;
}

}  // namespace

void refuse(const char* module, const std::string& what) {
  throw std::invalid_argument(fmt::format("[{}] {}", module, what));
}

bool is_grid(mesh::MeshShape shape) { return shape.rows > 1 && shape.cols > 1; }

mesh::MeshDevice attention_device(const char* module, const AttentionConfig& config) {
  return device_of(module, config.device, weights_of(config));
}

AttentionConfig with_common_fields(const char* module, const AttentionConfig& config,
                                   const mesh::MeshDevice& device, const HeadParts& cut) {
  require_heads(module, config, cut);
  AttentionConfig full = config;
  full.device = device;
  const std::int64_t dim = config.wqkv.parts().front().shape()[-2];
  if (config.dim && *config.dim != dim) {
    refuse(module,
           fmt::format("dim is {} in the config, needs {}, as wqkv has it", *config.dim, dim));
  }
  full.dim = dim;
  set_default(full.max_batch_size, kMaxBatchSize);
  set_default(full.max_seq_len, kMaxCachedTokens);
  if (*full.max_batch_size < 1 || *full.max_seq_len < 1) {
    refuse(module, fmt::format("max_batch_size is {} and max_seq_len {}, needs both positive",
                               *full.max_batch_size, *full.max_seq_len));
  }
  if (full.sliding_window && *full.sliding_window < 1) {
    refuse(module, fmt::format("sliding_window is {}, needs at least 1", *full.sliding_window));
  }
  if (full.q_norm.has_value() != full.k_norm.has_value()) {
    refuse(module, "q_norm and k_norm must be supplied together, or neither");
  }
  set_default(full.scale, 1 / std::sqrt(static_cast<double>(*full.head_dim)));
  const bool exact = all_float32(full);
  set_default(full.kv_cache_dtype, exact ? mesh::DataType::Float32 : mesh::DataType::Bfp8B);
  set_default(full.activation_dtype, exact ? mesh::DataType::Float32 : mesh::DataType::Bfloat16);
  set_default(full.ccl_dtype, exact ? mesh::DataType::Float32 : mesh::DataType::Bfp8B);
  for (const mesh::DataType dtype :
       {*full.kv_cache_dtype, *full.activation_dtype, *full.ccl_dtype}) {
    if (!mesh::is_floating(dtype)) {
      refuse(module, fmt::format("dtype of cache, activations or terms is {}, needs a "
                                 "floating-point one",
                                 mesh::name(dtype)));
    }
  }
  set_default(full.fidelity, sim::MathFidelity::HiFi2);
  set_default(full.sdpa_prefill_fidelity, sim::MathFidelity::HiFi4);
  return full;
}

void require_cache_budget(const char* module, const AttentionConfig& config) {
  if (config.paged_attention) {
    const auto [size, blocks] = *config.paged_attention;
    if (size < mesh::kTileExtent || size % mesh::kTileExtent != 0 || blocks < 1) {
      refuse(module, fmt::format("paged_attention has {} blocks of {}, needs blocks of a multiple "
                                 "of {} positions, and at least one",
                                 blocks, size, mesh::kTileExtent));
    }
    if (size * blocks > kMaxCachedTokens) {
      refuse(module, fmt::format("Total token budget exceeded: max_num_blocks {} of block_size {} "
                                 "are {} tokens, but maximum is {}: reduce either",
                                 blocks, size, size * blocks, kMaxCachedTokens));
    }
    if (config.sliding_window) {
      refuse(module,
             "sliding_window with paged_attention is not supported, as in TTTv2: unset "
             "either");
    }
    return;
  }
  const std::int64_t users = share_of(config).users;
  if (users * *config.max_seq_len > kMaxCachedTokens) {
    refuse(module,
           fmt::format("Total token budget exceeded: {} users of each chip at max_seq_len {} "
                       "are {} tokens, but maximum is {}: reduce max_batch_size ({}) or "
                       "max_seq_len, or set paged_attention",
                       users, *config.max_seq_len, users * *config.max_seq_len, kMaxCachedTokens,
                       *config.max_batch_size));
  }
}

void lay_out(const char* module, AttentionConfig& full, const AttentionPlacement& placement) {
  const mesh::MeshDevice& device = *full.device;
  const std::int64_t query = *full.n_heads * *full.head_dim;
  const std::int64_t key = *full.n_kv_heads * *full.head_dim;
  QkvLayout qkv{.module = module,
                .name = "wqkv",
                .rows = *full.dim,
                .query = query,
                .key = key,
                .device = device,
                .distribution = placement.qkv,
                .memory = *full.wqkv_memory};
  full.wqkv = full.wqkv.laid_out(qkv);
  full.wo = placed_matrix(full.wo, {query, *full.dim},
                          {.module = module,
                           .name = "wo",
                           .device = device,
                           .distribution = placement.wo,
                           .memory = *full.wo_memory,
                           .padded_shape = {}});
  if (full.wqkv_bias) {
    qkv.name = "wqkv_bias";
    qkv.rows = 1;
    qkv.distribution = placement.bias;
    qkv.memory = mesh::kDramInterleaved;
    full.wqkv_bias = full.wqkv_bias->laid_out(qkv);
  }
  full.wo_bias = placed(full.wo_bias, BiasPlace{.module = module,
                                                .name = "wo_bias",
                                                .device = device,
                                                .distribution = placement.wo_bias,
                                                .columns = *full.dim,
                                                .padded_columns = *full.dim});
  const auto norm = [&](std::optional<LazyWeight>& weight, const char* name) {
    if (!weight) return;
    if (weight->shape().volume() != *full.head_dim) {
      refuse(module, fmt::format("{} has shape {}, needs the {} values of head_dim", name,
                                 to_string(weight->shape()), *full.head_dim));
    }
    weight = placed(*weight, {.module = module,
                              .name = name,
                              .device = device,
                              .distribution = mesh::replicate_tensor_to_mesh(device.shape()),
                              .padded_shape = weight->shape(),
                              .layout = mesh::Layout::RowMajor});
  };
  norm(full.q_norm, "q_norm");
  norm(full.k_norm, "k_norm");
  if (full.kv_cache) {
    require_kv_cache(module, *full.kv_cache, device, kv_cache_spec(full));
  }
}

}  // namespace ttmesh::modules
