#include "mesh/topology/id_pattern.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <regex>
#include <string_view>
#include <system_error>
#include <utility>

namespace ttmesh::mesh {
namespace {

/// Longer patterns cost std::regex more stack and time than any real one is worth.
constexpr std::size_t kMaxPattern = 64;

/// First and last id.
using Range = std::pair<unsigned, unsigned>;

std::optional<unsigned> parse_number(std::string_view text) {
  unsigned number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_list(const std::string& pattern) {
  return pattern.find_first_not_of("0123456789,-") == std::string::npos;
}

/// The range of one piece of a list, or what is wrong with it.
std::pair<Range, std::string> parse_range(const std::string& token) {
  const std::size_t dash = token.find('-');
  if (dash == std::string::npos) {
    const auto id = parse_number(token);
    if (!id) return {{}, "has malformed token '" + token + "'"};
    return {{*id, *id}, ""};
  }
  const auto first = parse_number(std::string_view(token).substr(0, dash));
  const auto last = parse_number(std::string_view(token).substr(dash + 1));
  if (!first || !last) return {{}, "has malformed range token '" + token + "'"};
  if (*first > *last) return {{}, "has inverted range '" + token + "'"};
  return {{*first, *last}, ""};
}

std::vector<std::string> tokens_of(const std::string& list) {
  std::vector<std::string> tokens;
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    tokens.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return tokens;
}

}  // namespace

std::string id_pattern_mistake(const std::string& pattern) {
  if (pattern.size() > kMaxPattern) {
    return "is longer than " + std::to_string(kMaxPattern) + " characters, the limit";
  }
  if (is_list(pattern)) {
    for (const std::string& token : tokens_of(pattern)) {
      std::string mistake = parse_range(token).second;
      if (!mistake.empty()) return mistake;
    }
    return "";
  }
  try {
    const std::regex compiled(pattern);
    return "";
  } catch (const std::regex_error& error) {
    return "has invalid regex '" + pattern + "': " + error.what();
  }
}

std::vector<bool> matching_ids(const std::string& pattern, std::size_t count) {
  std::vector<bool> matches(count, false);
  if (is_list(pattern)) {
    for (const std::string& token : tokens_of(pattern)) {
      const auto [first, last] = parse_range(token).first;
      for (std::size_t id = first; id <= last && id < count; ++id) matches[id] = true;
    }
    return matches;
  }
  const std::regex compiled(pattern);
  for (std::size_t id = 0; id < count; ++id) {
    matches[id] = std::regex_match(std::to_string(id), compiled);
  }
  return matches;
}

}  // namespace ttmesh::mesh
