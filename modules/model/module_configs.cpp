#include "modules/model/module_configs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "modules/default_topology.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {
namespace {

const LayerWeights& weights_of(const ModelConfig& config, int layer) {
  return config.weights.layers[static_cast<std::size_t>(layer)];
}

std::optional<LazyWeight> lazy(const std::optional<WeightSource>& source, mesh::DataType dtype) {
  if (!source) return {};
  return LazyWeight(*source, {.dtype = dtype});
}

template <typename MlpConfig>
MlpConfig mlp_config(const ModelConfig& config, int index) {
  const LayerWeights& layer = weights_of(config, index);
  const ModelPrecision& precision = config.precision;
  const mesh::DataType bias = precision.activation;
  MlpConfig mlp{.w1 = LazyWeight(layer.gate.value_or(layer.up), {.dtype = precision.gate_up}),
                .w2 = LazyWeight(layer.down, {.dtype = precision.down})};
  mlp.b1 = lazy(layer.gate ? layer.gate_bias : layer.up_bias, bias);
  mlp.b2 = lazy(layer.down_bias, bias);
  if (layer.gate) {
    mlp.w3 = LazyWeight(layer.up, {.dtype = precision.gate_up});
    mlp.b3 = lazy(layer.up_bias, bias);
  }
  mlp.device = config.device;
  mlp.activation = config.spec->activation;
  mlp.max_batch_size = std::max(config.max_batch_size, 1);
  return mlp;
}

AttentionConfig attention_config(const ModelConfig& config, int index) {
  const ModelSpec& spec = config.spec;
  const LayerWeights& layer = weights_of(config, index);
  const mesh::DataType dtype = config.precision.attention;
  const mesh::DataType activation = config.precision.activation;
  const auto packed = [](const WeightSource& q, const WeightSource& k, const WeightSource& v,
                         mesh::DataType type) {
    return QkvWeight(LazyWeight(q, {.dtype = type}), LazyWeight(k, {.dtype = type}),
                     LazyWeight(v, {.dtype = type}));
  };
  AttentionConfig attention{.wqkv = packed(layer.query, layer.key, layer.value, dtype),
                            .wo = LazyWeight(layer.output, {.dtype = dtype})};
  attention.n_heads = spec->heads;
  attention.n_kv_heads = spec->kv_heads;
  attention.head_dim = spec->head_dim;
  if (layer.query_bias) {
    attention.wqkv_bias = packed(*layer.query_bias, *layer.key_bias, *layer.value_bias, activation);
  }
  attention.wo_bias = lazy(layer.output_bias, activation);
  attention.q_norm = lazy(layer.query_norm, activation);
  attention.k_norm = lazy(layer.key_norm, activation);
  attention.norm_epsilon = spec->norm_epsilon;
  attention.device = config.device;
  attention.max_batch_size = config.max_batch_size;
  attention.max_seq_len = config.max_seq_len;
  attention.sliding_window = spec.window(index);
  attention.kv_cache_dtype = config.precision.cache;
  attention.paged_attention = config.pages();
  return attention;
}

template <typename NormConfig>
NormConfig norm_config(const ModelConfig& config, const WeightSource& weight) {
  NormConfig norm{.weight = LazyWeight(weight, {.dtype = config.precision.activation})};
  norm.device = config.device;
  norm.eps = config.spec->norm_epsilon;
  norm.max_batch_size = config.max_batch_size;
  return norm;
}

template <typename NormConfig, typename MlpConfig>
DecoderLayerConfig<NormConfig, MlpConfig> layer_config(const ModelConfig& config, int layer) {
  const LayerWeights& weights = weights_of(config, layer);
  return {.attention = attention_config(config, layer),
          .mlp = mlp_config<MlpConfig>(config, layer),
          .attention_norm = norm_config<NormConfig>(config, weights.input_norm),
          .mlp_norm = norm_config<NormConfig>(config, weights.mlp_norm),
          .residual_dtype = config.precision.activation,
          .name = fmt::format("layers.{}", layer)};
}

}  // namespace

DecoderLayer1DConfig layer_1d_config(const ModelConfig& config, int layer) {
  return layer_config<RMSNorm1DConfig, MLP1DConfig>(config, layer);
}

DecoderLayer2DConfig layer_2d_config(const ModelConfig& config, int layer) {
  return layer_config<RMSNorm2DConfig, MLP2DConfig>(config, layer);
}

RMSNorm1DConfig norm_1d_config(const ModelConfig& config, const WeightSource& weight) {
  return norm_config<RMSNorm1DConfig>(config, weight);
}

RMSNorm2DConfig norm_2d_config(const ModelConfig& config, const WeightSource& weight) {
  return norm_config<RMSNorm2DConfig>(config, weight);
}

EmbeddingConfig embedding_config(const ModelConfig& config, const mesh::MemoryConfig& residual) {
  const mesh::DataType dtype = config.precision.activation;
  EmbeddingConfig embedding{.weight = LazyWeight(config.weights.embedding, {.dtype = dtype})};
  embedding.device = config.device;
  embedding.max_batch_size = config.max_batch_size;
  embedding.decode_dtype = dtype;
  embedding.prefill_dtype = dtype;
  embedding.decode_memory = residual;
  return embedding;
}

LMHeadConfig head_config(const ModelConfig& config, std::optional<int> dim_axis) {
  LMHeadConfig head{.weight = LazyWeight(config.weights.head, {.dtype = config.precision.head})};
  head.device = config.device;
  head.max_batch_size = config.max_batch_size;
  head.output_dtype = config.precision.activation;
  head.topology = default_topology(config.device, dim_axis);
  head.num_all_reduce_links = available_links(config.device, config.device.topology().usable_links);
  return head;
}

RotaryConfig rotary_config(const ModelConfig& config) {
  return {.device = config.device,
          .head_dim = config.spec->head_dim,
          .max_seq_len = config.max_seq_len,
          .theta = config.spec->rope_theta,
          .scaling = config.spec->rope_scaling,
          .max_batch_size = config.max_batch_size,
          .dtype = config.precision.activation};
}

SamplingConfig sampling_config(const ModelConfig& config, const LMHeadConfig& head,
                               std::optional<int> vocab_axis) {
  SamplingConfig sampling{.device = config.device, .vocab = head.padded_vocab};
  sampling.max_batch_size = config.max_batch_size;
  sampling.topology = default_topology(config.device, vocab_axis);
  return sampling;
}

}  // namespace ttmesh::modules
