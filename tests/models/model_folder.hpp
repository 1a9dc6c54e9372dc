#pragma once

#include <filesystem>
#include <string>

#include "tests/models/reference_model.hpp"

namespace ttmesh::modules {

/// A HuggingFace directory with the recipe's weights, deleted after the test.
class ModelFolder {
 public:
  explicit ModelFolder(const std::string& config, const CheckpointFiles& files = {});
  ~ModelFolder();
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ttmesh::modules
