#pragma once

#include "mesh/device/mesh_device.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// A decoder layer of `dims.dim`, `dims.hidden_dim` and the heads, whose norms' weights are
/// N(0, 1); tokens, cache and MLP are those of attention's and the MLP's trials. What is compared
/// is what the layer adds to its input, which would hide it. Weights are bfp8_b unless the request
/// says otherwise, and may be "mixed". Throws std::invalid_argument as the configs of the classes
/// do.
[[nodiscard]] TrialPtr make_decoder_layer_1d_trial(const mesh::MeshDevice& device,
                                                   const TrialRequest& request);
[[nodiscard]] TrialPtr make_decoder_layer_2d_trial(const mesh::MeshDevice& device,
                                                   const TrialRequest& request);

}  // namespace ttmesh::modules
