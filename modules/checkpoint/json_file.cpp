#include "modules/checkpoint/json_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"

namespace ttmesh::modules {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 32;

[[noreturn]] void refuse(const std::string& file, int line, const std::string& field,
                         const std::string& what) {
  throw mesh::InvalidFile({{.file = file, .line = line, .field = field, .what = what}});
}

int line_at(std::string_view text, std::size_t byte) {
  const std::size_t end = std::min(byte, text.size());
  return 1 + static_cast<int>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..." without what
// the library says about itself.
std::string reason_of(const json::exception& error) {
  const std::string_view text = error.what();
  const std::size_t begin = text.rfind(": ");
  return std::string(begin == std::string_view::npos ? text : text.substr(begin + 2));
}

}  // namespace

json parse_json_object(const std::string& file, std::string_view text) {
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
        keys.emplace_back();
        [[fallthrough]];
      case json::parse_event_t::array_start:
        if (depth > kMaxDepth) {
          refuse(file, 0, "", fmt::format("values are nested deeper than {}", kMaxDepth));
        }
        break;
      case json::parse_event_t::object_end:
        keys.pop_back();
        break;
      case json::parse_event_t::key:
        if (!keys.back().insert(parsed.get<std::string>()).second) {
          refuse(file, 0, parsed.get<std::string>(), "the key is there twice");
        }
        break;
      default:
        break;
    }
    return true;
  };
  json result;
  try {
    result = json::parse(text.begin(), text.end(), check);
  } catch (const json::parse_error& error) {
    refuse(file, line_at(text, error.byte), "",
           fmt::format("this is not JSON: {}", reason_of(error)));
  } catch (const json::exception& error) {
    refuse(file, 0, "", fmt::format("this is not JSON: {}", reason_of(error)));
  }
  if (!result.is_object()) {
    refuse(file, 1, "",
           fmt::format("there is {} {}, needs an object", result.is_array() ? "an" : "a",
                       result.type_name()));
  }
  return result;
}

std::string read_text_file(const std::string& file, std::uint64_t most_bytes) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) refuse(file, 0, "", fmt::format("cannot read: {}", error.message()));
  if (size > most_bytes) {
    refuse(file, 0, "", fmt::format("the file has {} bytes, needs at most {}", size, most_bytes));
  }
  std::ifstream in(file, std::ios::binary);
  std::string text(static_cast<std::size_t>(size), '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (!in) {
    refuse(file, 0, "", fmt::format("cannot read: {}", std::generic_category().message(errno)));
  }
  return text;
}

}  // namespace ttmesh::modules
