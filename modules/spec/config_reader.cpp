#include "modules/spec/config_reader.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace ttmesh::modules {

using nlohmann::json;

const json* ConfigReader::find(Keys keys) const {
  for (const char* key : keys) {
    const auto found = object_.find(key);
    if (found != object_.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

std::int64_t ConfigReader::extent(Keys keys) {
  if (find(keys) == nullptr) {
    refuse(*keys.begin(), "is missing, needs a positive whole number");
    return 0;
  }
  return extent_or(keys, 0);
}

std::int64_t ConfigReader::extent_or(Keys keys, std::int64_t fallback) {
  const json* value = find(keys);
  if (value == nullptr) return fallback;
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (!value->is_number_integer() || *value < 1 || *value > kMost) {
    refuse(*keys.begin(),
           fmt::format("is {}, needs a whole number from 1 to {}", shown(*value), kMost));
    return 0;
  }
  return value->get<std::int64_t>();
}

double ConfigReader::number_or(Keys keys, double fallback) {
  const json* value = find(keys);
  if (value == nullptr) return fallback;
  if (!value->is_number() || !std::isfinite(value->get<double>()) || value->get<double>() <= 0) {
    refuse(*keys.begin(), fmt::format("is {}, needs a positive number", shown(*value)));
    return fallback;
  }
  return value->get<double>();
}

bool ConfigReader::flag_or(const char* key, bool fallback) {
  const json* value = find({key});
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) {
    refuse(key, fmt::format("is {}, needs true or false", shown(*value)));
    return fallback;
  }
  return value->get<bool>();
}

std::string ConfigReader::text_or(Keys keys, std::string fallback) {
  const json* value = find(keys);
  if (value == nullptr) return fallback;
  if (!value->is_string()) {
    refuse(*keys.begin(), fmt::format("is {}, needs a text", shown(*value)));
    return fallback;
  }
  return value->get<std::string>();
}

void ConfigReader::refuse(const std::string& field, const std::string& what) {
  problems_.push_back({.file = file_, .line = 0, .field = field, .what = what});
}

void ConfigReader::add(const ConfigReader& part) {
  problems_.insert(problems_.end(), part.problems_.begin(), part.problems_.end());
}

void ConfigReader::check() const {
  if (!problems_.empty()) throw mesh::InvalidFile(problems_);
}

std::string ConfigReader::shown(const json& value) {
  constexpr std::size_t kLongest = 60;
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "..";
  return text;
}

}  // namespace ttmesh::modules
