#pragma once

#include "mesh/device/mesh_device.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// A norm of `dims.dim` columns. The weight (and the bias of a layer norm) is N(0, 1), bf16 unless
/// the request says otherwise. Throws std::invalid_argument as the config of the class does.
[[nodiscard]] TrialPtr make_rms_norm_1d_trial(const mesh::MeshDevice& device,
                                              const TrialRequest& request);
[[nodiscard]] TrialPtr make_rms_norm_2d_trial(const mesh::MeshDevice& device,
                                              const TrialRequest& request);
[[nodiscard]] TrialPtr make_layer_norm_1d_trial(const mesh::MeshDevice& device,
                                                const TrialRequest& request);
[[nodiscard]] TrialPtr make_layer_norm_2d_trial(const mesh::MeshDevice& device,
                                                const TrialRequest& request);

}  // namespace ttmesh::modules
