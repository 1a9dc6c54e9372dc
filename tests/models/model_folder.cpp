#include "tests/models/model_folder.hpp"

namespace ttmesh::modules {

ModelFolder::ModelFolder(const std::string& config, const CheckpointFiles& files) {
  folder_.write("config.json", config);
  write_checkpoint(path(), ModelSpec::from_huggingface("config.json", config), files);
}

}  // namespace ttmesh::modules
