#pragma once

#include <optional>
#include <string>

#include "mesh/tensor/dtype.hpp"
#include "modules/attention/attention_config.hpp"
#include "modules/mlp/mlp_1d_config.hpp"
#include "modules/mlp/mlp_2d_config.hpp"
#include "modules/norm/norm_1d_config.hpp"
#include "modules/norm/norm_2d_config.hpp"

namespace ttmesh::modules {

/// How a decoder layer runs: configs of the modules it is made of, whose device, users and decode
/// memory are attention's where they are unset.
template <typename NormConfig, typename MlpConfig>
struct DecoderLayerConfig {
  AttentionConfig attention;
  MlpConfig mlp;
  NormConfig attention_norm;
  NormConfig mlp_norm;
  std::optional<mesh::DataType> residual_dtype{};  ///< Of the sums: attention's activation_dtype.
  std::optional<std::string> name{};  ///< In traces and reports: "decoder_layer_1d" or "_2d".
};

using DecoderLayer1DConfig = DecoderLayerConfig<RMSNorm1DConfig, MLP1DConfig>;
using DecoderLayer2DConfig = DecoderLayerConfig<RMSNorm2DConfig, MLP2DConfig>;

}  // namespace ttmesh::modules
