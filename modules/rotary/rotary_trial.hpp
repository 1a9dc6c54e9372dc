#pragma once

#include "mesh/device/mesh_device.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// Cosines and sines for heads of `dims.head_dim`, with Llama 3's scaling. Decode: users at
/// positions spread over `seq`. Prefill: the first `seq` positions. Tables are bf16 unless the
/// request says f32. Throws std::invalid_argument as the setups do.
[[nodiscard]] TrialPtr make_rotary_1d_trial(const mesh::MeshDevice& device,
                                            const TrialRequest& request);
[[nodiscard]] TrialPtr make_rotary_2d_trial(const mesh::MeshDevice& device,
                                            const TrialRequest& request);

}  // namespace ttmesh::modules
