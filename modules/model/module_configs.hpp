#pragma once

#include "mesh/tensor/tensor_spec.hpp"
#include "modules/decoder/decoder_layer_config.hpp"
#include "modules/embedding/embedding_config.hpp"
#include "modules/lm_head/lm_head_config.hpp"
#include "modules/model/model_config.hpp"
#include "modules/norm/norm_1d_config.hpp"
#include "modules/norm/norm_2d_config.hpp"
#include "modules/rotary/rotary_config.hpp"
#include "modules/sampling/sampling_config.hpp"
#include "modules/weight_source.hpp"

namespace ttmesh::modules {

/// What a model's config says of each of its modules; `layer` counts from 0.

[[nodiscard]] DecoderLayer1DConfig layer_1d_config(const ModelConfig& config, int layer);
[[nodiscard]] DecoderLayer2DConfig layer_2d_config(const ModelConfig& config, int layer);
[[nodiscard]] EmbeddingConfig embedding_config(const ModelConfig& config,
                                               const mesh::MemoryConfig& residual);
[[nodiscard]] RMSNorm1DConfig norm_1d_config(const ModelConfig& config, const WeightSource& weight);
[[nodiscard]] RMSNorm2DConfig norm_2d_config(const ModelConfig& config, const WeightSource& weight);
[[nodiscard]] RotaryConfig rotary_config(const ModelConfig& config);

/// Terms are summed along `dim_axis`, the mesh axis that the model's width lies along.
[[nodiscard]] LMHeadConfig head_config(const ModelConfig& config, std::optional<int> dim_axis);

/// Greedy, over the columns of the head, whose padding counts as tokens: it is -inf already.
/// Candidates are gathered along `vocab_axis`.
[[nodiscard]] SamplingConfig sampling_config(const ModelConfig& config, const LMHeadConfig& head,
                                             std::optional<int> vocab_axis);

}  // namespace ttmesh::modules
