#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/program/command.hpp"
#include "mesh/program/report.hpp"
#include "modules/accuracy.hpp"
#include "modules/progress.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"
#include "sim/time.hpp"

namespace ttmesh::modules {

/// One measured pass of a module.
struct TrialResult {
  std::string module;                ///< The class that ran: "mlp_1d".
  std::string sizes;                 ///< As the trial gives them.
  std::string dtype;                 ///< Of the weights, as the trial gives it.
  std::optional<Accuracy> accuracy;  ///< Of the worst output; none in timing-only mode.
  double required_pcc = 0;
  bool passed = false;     ///< The bar is reached; true in timing-only mode.
  sim::Time virtual_time;  ///< From the module's first dispatch to its last chip's end.
  std::chrono::nanoseconds wall_time{};   ///< Of the same pass.
  mesh::Report report;                    ///< Of the same pass.
  std::vector<mesh::CommandPtr> program;  ///< Its commands.
};

/// Makes the module that the request names on the device, its weights N(0, 1) / sqrt(fan_in) and
/// inputs N(0, 1) from the seed; runs it once to warm up, then measures a second pass and compares
/// its outputs with the reference. Prefill takes the users' prompts one after another.
///
/// Progress stages: "weights", "warm-up", "measure", "reference".
/// Throws std::invalid_argument if the request does not fit the mesh, the class or the emulated
/// memory's rules, and mesh::Error if the world fails.
[[nodiscard]] TrialResult run_trial(const mesh::MeshDevice& device, const TrialRequest& request,
                                    const ProgressCallback& progress = {});

}  // namespace ttmesh::modules
