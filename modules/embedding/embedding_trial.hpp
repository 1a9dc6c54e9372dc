#pragma once

#include "mesh/device/mesh_device.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// Random ids looked up in an N(0, 1) table of `dims.vocab` rows and `dims.dim` columns, bf16
/// unless the request says otherwise. Throws std::invalid_argument as the config of the class does.
[[nodiscard]] TrialPtr make_embedding_1d_trial(const mesh::MeshDevice& device,
                                               const TrialRequest& request);
[[nodiscard]] TrialPtr make_embedding_2d_trial(const mesh::MeshDevice& device,
                                               const TrialRequest& request);

}  // namespace ttmesh::modules
