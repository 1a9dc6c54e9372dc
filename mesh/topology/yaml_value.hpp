#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/topology/input_file.hpp"

namespace ttmesh::mesh {

/// A YAML value with the line it stands on. A map keeps its keys in file order, each once.
struct YamlValue {
  enum class Kind : std::uint8_t { Null, Scalar, Sequence, Map };

  Kind kind = Kind::Null;
  int line = 0;
  bool quoted = false;             ///< A scalar in quotes: text, whatever it looks like.
  std::string text{};              ///< Of a scalar.
  std::vector<YamlValue> keys{};   ///< Of a map: scalars, beside `items`.
  std::vector<YamlValue> items{};  ///< Of a sequence or a map.

  /// The value under `key`, or null if this is no map or lacks it.
  const YamlValue* find(std::string_view key) const;
  /// "a map", "a list", "nothing" or the scalar in quotes, for messages.
  std::string description() const;
};

/// Parses one document; an empty one is Null. Refuses anchors and aliases, tags, duplicate keys,
/// keys that are no scalars, a second document, nesting deeper than 32 and 4,000,000 values.
/// Throws mesh::InvalidFile with the line.
[[nodiscard]] YamlValue parse_yaml(const InputFile& file);

}  // namespace ttmesh::mesh
