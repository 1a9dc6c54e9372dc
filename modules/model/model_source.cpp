#include "modules/model/model_source.hpp"

#include <utility>

#include "mesh/topology/error.hpp"
#include "modules/checkpoint/checkpoint.hpp"
#include "modules/checkpoint/json_file.hpp"
#include "modules/spec/stop_tokens.hpp"

namespace ttmesh::modules {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1'000'000;

}  // namespace

ModelSource model_in(const std::filesystem::path& directory) {
  const std::string config = (directory / "config.json").string();
  ModelSpec spec = ModelSpec::from_huggingface(config, read_text_file(config, kMaxConfigBytes));
  ModelWeights weights = stored_weights(spec, directory.string(), read_checkpoint(directory));
  return {.spec = std::move(spec),
          .weights = std::move(weights),
          .stop_tokens = stop_tokens_in(directory)};
}

ModelSource published_model(const std::string& name, std::uint64_t seed) {
  ModelSpec spec = ModelSpec::published(name);
  ModelWeights weights = random_weights(spec, seed);
  return {.spec = std::move(spec), .weights = std::move(weights)};
}

}  // namespace ttmesh::modules
