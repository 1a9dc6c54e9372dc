#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "mesh/topology/mesh_shape.hpp"
#include "modules/model/generate.hpp"
#include "modules/spec/model_spec.hpp"

namespace ttmesh::cli {

/// Generated tokens and what was asked for.
struct GenerateSummary {
  modules::ModelSpec spec;
  std::string topology;  ///< As typed.
  mesh::MeshShape mesh_shape;
  int hosts = 1;  ///< Processes that emulate it.
  std::string dtype;
  modules::GenerateRequest request;
  modules::GenerateResult result;
};

/// The keys that docs/cli.md lists.
[[nodiscard]] nlohmann::ordered_json to_json(const GenerateSummary& summary);

/// Tokens, times, a table by layer and one by op.
[[nodiscard]] std::string to_text(const GenerateSummary& summary);

}  // namespace ttmesh::cli
