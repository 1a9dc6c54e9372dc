#pragma once

#include "mesh/device/mesh_device.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// Logits of `dims.vocab` tokens from rows of `dims.dim`. Weights are bfp8_b unless the request
/// says otherwise. Throws std::invalid_argument as the config of the class does.
[[nodiscard]] TrialPtr make_lm_head_1d_trial(const mesh::MeshDevice& device,
                                             const TrialRequest& request);
[[nodiscard]] TrialPtr make_lm_head_2d_trial(const mesh::MeshDevice& device,
                                             const TrialRequest& request);

}  // namespace ttmesh::modules
