#pragma once

#include <filesystem>
#include <string>

#include "modules/checkpoint/safetensors.hpp"

namespace ttmesh::modules {

/// The tensors of a directory as HuggingFace lays one out: `model.safetensors`, or the files that
/// `model.safetensors.index.json` names. Headers are read, values are not.
/// Throws mesh::InvalidFile with every mistake of all files.
[[nodiscard]] StoredTensors read_checkpoint(const std::filesystem::path& directory);

/// The names of files in the text of an index, by tensor. Throws mesh::InvalidFile.
[[nodiscard]] std::map<std::string, std::string> parse_checkpoint_index(const std::string& file,
                                                                        const std::string& text);

}  // namespace ttmesh::modules
