#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "mesh/device/mesh_device.hpp"
#include "mesh/topology/mesh_shape.hpp"
#include "modules/trial/run_trial.hpp"

namespace ttmesh::cli {

/// A run and what it was asked for.
struct RunSummary {
  std::string topology;  ///< As typed.
  std::string system;
  mesh::MeshShape mesh_shape;
  int hosts = 1;  ///< Processes that emulate it.
  modules::TrialRequest request;
  modules::TrialResult result;
  std::optional<mesh::MeshDevice> links_of{};  ///< Where the text is to show every link, if it is.
};

/// The keys that docs/cli.md lists. Accuracy is null where no values were made.
[[nodiscard]] nlohmann::ordered_json to_json(const RunSummary& summary);

/// Accuracy, times, a table by op and one of the busiest links, or of all of them with a map.
[[nodiscard]] std::string to_text(const RunSummary& summary);

}  // namespace ttmesh::cli
