#include "modules/checkpoint/checkpoint.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "modules/checkpoint/json_file.hpp"

namespace ttmesh::modules {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMaxIndexBytes = 100'000'000;

// Nothing outside the directory is read.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
}

}  // namespace

std::map<std::string, std::string> parse_checkpoint_index(const std::string& file,
                                                          const std::string& text) {
  const json index = parse_json_object(file, text);
  std::vector<mesh::Problem> problems;
  const auto refuse = [&](const std::string& field, const std::string& what) {
    problems.push_back({.file = file, .line = 0, .field = field, .what = what});
  };
  std::map<std::string, std::string> files;
  if (!index.contains("weight_map") || !index["weight_map"].is_object()) {
    refuse("weight_map", "is missing, needs names of files by tensor");
  } else {
    for (const auto& [tensor, name] : index["weight_map"].items()) {
      if (!name.is_string() || !is_plain_name(name.get_ref<const std::string&>())) {
        refuse("weight_map." + tensor,
               fmt::format("is {}, needs the name of a file in the directory", name.dump()));
        continue;
      }
      files.emplace(tensor, name.get<std::string>());
    }
  }
  if (!problems.empty()) throw mesh::InvalidFile(std::move(problems));
  return files;
}

StoredTensors read_checkpoint(const fs::path& directory) {
  const fs::path index = directory / "model.safetensors.index.json";
  const fs::path single = directory / "model.safetensors";
  if (!fs::exists(index)) {
    if (!fs::exists(single)) {
      throw mesh::InvalidFile({{.file = directory.string(),
                                .line = 0,
                                .field = {},
                                .what = "there is neither model.safetensors nor "
                                        "model.safetensors.index.json"}});
    }
    return read_safetensors(single.string());
  }
  const std::map<std::string, std::string> files =
      parse_checkpoint_index(index.string(), read_text_file(index.string(), kMaxIndexBytes));

  std::vector<mesh::Problem> problems;
  std::set<std::string> names;
  for (const auto& [tensor, name] : files) names.insert(name);
  std::map<std::string, StoredTensors> shards;
  for (const std::string& name : names) {
    try {
      shards.emplace(name, read_safetensors((directory / name).string()));
    } catch (const mesh::InvalidFile& invalid) {
      problems.insert(problems.end(), invalid.problems().begin(), invalid.problems().end());
    }
  }
  StoredTensors tensors;
  for (const auto& [tensor, name] : files) {
    const auto shard = shards.find(name);
    if (shard == shards.end()) continue;
    const auto found = shard->second.find(tensor);
    if (found == shard->second.end()) {
      problems.push_back({.file = index.string(),
                          .line = 0,
                          .field = "weight_map." + tensor,
                          .what = name + " has no such tensor"});
      continue;
    }
    tensors.emplace(tensor, found->second);
  }
  if (!problems.empty()) throw mesh::InvalidFile(std::move(problems));
  return tensors;
}

}  // namespace ttmesh::modules
