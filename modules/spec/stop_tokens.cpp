#include "modules/spec/stop_tokens.hpp"

#include <fmt/format.h>

#include <limits>
#include <string>

#include "modules/checkpoint/json_file.hpp"
#include "modules/spec/config_reader.hpp"

namespace ttmesh::modules {
namespace {

using nlohmann::json;

constexpr const char* kKey = "eos_token_id";
constexpr std::uint64_t kMaxConfigBytes = 1'000'000;

}  // namespace

std::vector<std::uint32_t> stop_tokens_in(const std::filesystem::path& directory) {
  std::filesystem::path file = directory / "generation_config.json";
  if (!std::filesystem::exists(file)) file = directory / "config.json";
  const json config =
      parse_json_object(file.string(), read_text_file(file.string(), kMaxConfigBytes));
  ConfigReader reader(file.string(), config);
  const json* stated = reader.find({kKey});
  if (stated == nullptr) return {};
  std::vector<std::uint32_t> tokens;
  for (const json& token : stated->is_array() ? *stated : json::array({*stated})) {
    if (!token.is_number_integer() || token < 0 ||
        token > std::numeric_limits<std::int32_t>::max()) {
      reader.refuse(kKey, fmt::format("is {}, needs a token id or a list of them",
                                      ConfigReader::shown(*stated)));
      break;
    }
    tokens.push_back(token.get<std::uint32_t>());
  }
  reader.check();
  return tokens;
}

}  // namespace ttmesh::modules
