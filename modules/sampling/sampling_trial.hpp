#pragma once

#include "mesh/device/mesh_device.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// Greedy sampling of `dims.vocab` logits, N(0, 1), of as many users as decode has, or as prefill
/// has prompts; bf16 unless the request's weight dtype says otherwise. Tokens must equal argmax of
/// the rounded logits. Throws std::invalid_argument as the config of the class does.
[[nodiscard]] TrialPtr make_sampling_1d_trial(const mesh::MeshDevice& device,
                                              const TrialRequest& request);
[[nodiscard]] TrialPtr make_sampling_2d_trial(const mesh::MeshDevice& device,
                                              const TrialRequest& request);

}  // namespace ttmesh::modules
