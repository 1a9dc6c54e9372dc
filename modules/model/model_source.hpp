#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "modules/model/model_weights.hpp"
#include "modules/spec/model_spec.hpp"

namespace ttmesh::modules {

/// A model and where its weights come from.
struct ModelSource {
  ModelSpec spec;
  ModelWeights weights;
  std::vector<std::uint32_t> stop_tokens{};  ///< Those that end a text.
};

/// The model in a HuggingFace directory: config.json and safetensors. Only headers are read. Throws
/// mesh::InvalidFile with every mistake of a stage: the config's, then the files', then the
/// tensors'.
[[nodiscard]] ModelSource model_in(const std::filesystem::path& directory);

/// A published model by name with random weights. Throws as ModelSpec::published does.
[[nodiscard]] ModelSource published_model(const std::string& name, std::uint64_t seed);

}  // namespace ttmesh::modules
