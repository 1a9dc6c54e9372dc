#pragma once

#include "mesh/device/mesh_device.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// Attention of `dims.dim`, `dims.heads`, `dims.kv_heads` and `dims.head_dim`. Decode: a token of
/// each user at position `seq`, after as many random keys and values in the cache. Prefill: prompts
/// of `seq` tokens. Weights are bfp8_b unless the request says otherwise. On a grid users are
/// padded with idle ones to as many in each column. Throws std::invalid_argument as the config of
/// the class does.
[[nodiscard]] TrialPtr make_attention_1d_trial(const mesh::MeshDevice& device,
                                               const TrialRequest& request);
[[nodiscard]] TrialPtr make_attention_2d_trial(const mesh::MeshDevice& device,
                                               const TrialRequest& request);

}  // namespace ttmesh::modules
