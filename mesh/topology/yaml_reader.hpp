#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace ttmesh::mesh {

/// Least and greatest accepted value of an integer.
struct IntRange {
  std::int64_t least = 0;
  std::int64_t greatest = std::numeric_limits<int>::max();
};

/// Reads typed values out of a YAML tree. A value of another kind becomes a problem and nothing is
/// returned, so that one pass finds every mistake. `field` is the path of the value, for messages.
class YamlReader {
 public:
  explicit YamlReader(std::string file) : file_(std::move(file)) {}

  void report(const YamlValue& at, const std::string& field, const std::string& what);
  /// Throws mesh::InvalidFile if anything was reported.
  void finish();

  bool clean() const { return problems_.empty(); }
  const std::string& file() const { return file_; }

  bool expect_map(const YamlValue& value, const std::string& field);
  bool expect_sequence(const YamlValue& value, const std::string& field);
  /// Reports every key of `map` that is not among `known`.
  void expect_keys(const YamlValue& map, const std::string& field,
                   std::initializer_list<std::string_view> known);
  /// The value under `key`; reports its absence.
  const YamlValue* required(const YamlValue& map, const std::string& field, std::string_view key);

  std::optional<int> integer(const YamlValue& value, const std::string& field, IntRange range);
  std::optional<std::uint64_t> unsigned_integer(const YamlValue& value, const std::string& field);
  std::optional<bool> boolean(const YamlValue& value, const std::string& field);
  std::optional<std::string> word(const YamlValue& value, const std::string& field);
  /// A list of exactly two integers.
  std::optional<std::pair<int, int>> integer_pair(const YamlValue& value, const std::string& field,
                                                  IntRange range);

 private:
  std::string file_;
  std::vector<Problem> problems_;
};

/// "outer.key", or "key" at the top.
[[nodiscard]] std::string field_path(const std::string& outer, std::string_view key);
/// "outer[index]"
[[nodiscard]] std::string field_path(const std::string& outer, std::size_t index);

}  // namespace ttmesh::mesh
