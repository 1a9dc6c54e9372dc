#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace ttmesh::modules {

/// Tokens that end a text, as the HuggingFace directory says: eos_token_id of
/// generation_config.json, or of config.json where that file is absent; a number, a list, or none.
/// Throws mesh::InvalidFile if it is anything else.
[[nodiscard]] std::vector<std::uint32_t> stop_tokens_in(const std::filesystem::path& directory);

}  // namespace ttmesh::modules
