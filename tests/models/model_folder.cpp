#include "tests/models/model_folder.hpp"

#include <unistd.h>

#include <fstream>

namespace ttmesh::modules {

namespace fs = std::filesystem;

ModelFolder::ModelFolder(const std::string& config, const CheckpointFiles& files) {
  static int count = 0;
  path_ = fs::temp_directory_path() /
          ("ttmesh_model_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
  fs::create_directories(path_);
  std::ofstream(path_ / "config.json") << config;
  write_checkpoint(path_, ModelSpec::from_huggingface("config.json", config), files);
}

ModelFolder::~ModelFolder() { fs::remove_all(path_); }

}  // namespace ttmesh::modules
