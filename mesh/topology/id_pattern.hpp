#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ttmesh::mesh {

/// Ids as pinnings give them: digits, commas and dashes are a list of ids and inclusive ranges
/// ("3", "0-8", "0,2,4-6"); anything else is a regular expression, matched in full with an id's
/// decimal form.

/// What is wrong with a pattern, as in "has inverted range '3-1'"; empty if nothing.
[[nodiscard]] std::string id_pattern_mistake(const std::string& pattern);

/// By id from 0 to `count` - 1: whether a pattern without mistakes names it.
[[nodiscard]] std::vector<bool> matching_ids(const std::string& pattern, std::size_t count);

}  // namespace ttmesh::mesh
