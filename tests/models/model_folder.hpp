#pragma once

#include <filesystem>
#include <string>

#include "tests/models/reference_model.hpp"
#include "tests/scratch_folder.hpp"

namespace ttmesh::modules {

/// A HuggingFace directory with the recipe's weights, deleted after the test.
class ModelFolder {
 public:
  explicit ModelFolder(const std::string& config, const CheckpointFiles& files = {});

  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  ScratchFolder folder_;
};

}  // namespace ttmesh::modules
