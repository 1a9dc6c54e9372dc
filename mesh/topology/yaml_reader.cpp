#include "mesh/topology/yaml_reader.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace ttmesh::mesh {
namespace {

/// A file that is wrong everywhere needs no longer list.
constexpr std::size_t kMaxProblems = 100;

/// Decimal, or hexadecimal after 0x.
template <typename Integer>
std::optional<Integer> parse_integer(const YamlValue& value) {
  if (value.kind != YamlValue::Kind::Scalar || value.quoted) return std::nullopt;
  const std::string_view text = value.text;
  const bool hexadecimal = text.starts_with("0x");
  const char* begin = text.data() + (hexadecimal ? 2 : 0);
  const char* end = text.data() + text.size();
  Integer number{};
  const auto [stop, error] = std::from_chars(begin, end, number, hexadecimal ? 16 : 10);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

void YamlReader::report(const YamlValue& at, const std::string& field, const std::string& what) {
  if (problems_.size() < kMaxProblems) problems_.push_back({file_, at.line, field, what});
}

void YamlReader::finish() {
  if (!problems_.empty()) throw InvalidFile(std::move(problems_));
}

bool YamlReader::expect_map(const YamlValue& value, const std::string& field) {
  if (value.kind == YamlValue::Kind::Map) return true;
  report(value, field, "must be a map of keys and values, found " + value.description());
  return false;
}

bool YamlReader::expect_sequence(const YamlValue& value, const std::string& field) {
  if (value.kind == YamlValue::Kind::Sequence) return true;
  report(value, field, "must be a list, found " + value.description());
  return false;
}

void YamlReader::expect_keys(const YamlValue& map, const std::string& field,
                             std::initializer_list<std::string_view> known) {
  for (const YamlValue& key : map.keys) {
    if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
    std::string names;
    for (const std::string_view name : known) {
      if (!names.empty()) names += ", ";
      names += name;
    }
    report(key, field_path(field, key.text.substr(0, 60)), "unknown key; known are " + names);
  }
}

const YamlValue* YamlReader::required(const YamlValue& map, const std::string& field,
                                      std::string_view key) {
  const YamlValue* value = map.find(key);
  if (value == nullptr) report(map, field_path(field, key), "is missing");
  return value;
}

std::optional<int> YamlReader::integer(const YamlValue& value, const std::string& field,
                                       IntRange range) {
  const std::optional<std::int64_t> number = parse_integer<std::int64_t>(value);
  if (number && *number >= range.least && *number <= range.greatest) {
    return static_cast<int>(*number);
  }
  report(value, field,
         "must be an integer from " + std::to_string(range.least) + " to " +
             std::to_string(range.greatest) + ", found " + value.description());
  return std::nullopt;
}

std::optional<std::uint64_t> YamlReader::unsigned_integer(const YamlValue& value,
                                                          const std::string& field) {
  const std::optional<std::uint64_t> number = parse_integer<std::uint64_t>(value);
  if (!number) {
    report(value, field, "must be an unsigned 64-bit integer, found " + value.description());
  }
  return number;
}

std::optional<bool> YamlReader::boolean(const YamlValue& value, const std::string& field) {
  if (value.kind == YamlValue::Kind::Scalar && !value.quoted) {
    if (value.text == "true" || value.text == "True") return true;
    if (value.text == "false" || value.text == "False") return false;
  }
  report(value, field, "must be true or false, found " + value.description());
  return std::nullopt;
}

std::optional<std::string> YamlReader::word(const YamlValue& value, const std::string& field) {
  if (value.kind == YamlValue::Kind::Scalar && !value.text.empty()) return value.text;
  report(value, field, "must be a word, found " + value.description());
  return std::nullopt;
}

std::optional<std::pair<int, int>> YamlReader::integer_pair(const YamlValue& value,
                                                            const std::string& field,
                                                            IntRange range) {
  if (value.kind != YamlValue::Kind::Sequence || value.items.size() != 2) {
    report(value, field, "must be a list of 2 integers, found " + value.description());
    return std::nullopt;
  }
  const std::optional<int> first =
      integer(value.items[0], field_path(field, std::size_t{0}), range);
  const std::optional<int> second =
      integer(value.items[1], field_path(field, std::size_t{1}), range);
  if (!first || !second) return std::nullopt;
  return std::pair(*first, *second);
}

std::string field_path(const std::string& outer, std::string_view key) {
  return outer.empty() ? std::string(key) : outer + "." + std::string(key);
}

std::string field_path(const std::string& outer, std::size_t index) {
  return outer + "[" + std::to_string(index) + "]";
}

}  // namespace ttmesh::mesh
