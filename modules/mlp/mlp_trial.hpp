#pragma once

#include "mesh/device/mesh_device.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// A gated MLP of `dims.dim` and `dims.hidden_dim`. Weights are bfp8_b unless the request says
/// otherwise, and may be "mixed". Throws std::invalid_argument as the config of the class does.
[[nodiscard]] TrialPtr make_mlp_1d_trial(const mesh::MeshDevice& device,
                                         const TrialRequest& request);
[[nodiscard]] TrialPtr make_mlp_2d_trial(const mesh::MeshDevice& device,
                                         const TrialRequest& request);

}  // namespace ttmesh::modules
