#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ttmesh::modules {

/// Sizes of a published model.
struct ModelDims {
  std::string_view name;  ///< As typed: "llama-3.3-70b".
  std::int64_t dim;
  std::int64_t hidden_dim;
  int layers;
  int heads;
  int kv_heads;
  std::int64_t head_dim;
  std::int64_t vocab;
};

/// Every model known by name, alphabetically.
[[nodiscard]] std::span<const ModelDims> models();

/// The model called `name`, case ignored. Throws std::invalid_argument listing all names.
[[nodiscard]] const ModelDims& find_model(std::string_view name);

}  // namespace ttmesh::modules
