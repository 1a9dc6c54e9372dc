#pragma once

#include <cstdint>
#include <string_view>

namespace ttmesh::modules {

/// What a model is doing: one token for each of many users, or many tokens of a prompt.
enum class Mode : std::uint8_t { Decode, Prefill };

/// "decode", "prefill"
[[nodiscard]] std::string_view name(Mode mode);

/// The mode called `text`. Throws std::invalid_argument naming both.
[[nodiscard]] Mode parse_mode(std::string_view text);

}  // namespace ttmesh::modules
