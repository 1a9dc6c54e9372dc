#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ttmesh::modules {

/// The JSON object in `text`, which is a file called `file` or a part of it. Nothing is trusted.
/// Throws mesh::InvalidFile with a line if it is not JSON, no object, nested deeper than 32, or has
/// a key twice.
[[nodiscard]] nlohmann::json parse_json_object(const std::string& file, std::string_view text);

/// The whole of a text file. Throws mesh::InvalidFile if it cannot be read or has more than
/// `most_bytes`.
[[nodiscard]] std::string read_text_file(const std::string& file, std::uint64_t most_bytes);

}  // namespace ttmesh::modules
