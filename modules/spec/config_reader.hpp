#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "modules/checkpoint/json_file.hpp"

namespace ttmesh::modules {

/// Reads keys of a JSON object and gathers what is wrong with them. Where several keys are given,
/// the first that is there and not null counts; messages name the first.
class ConfigReader {
 public:
  using Keys = std::initializer_list<const char*>;

  /// `file` begins the messages; the object must outlive the reader.
  ConfigReader(std::string file, const nlohmann::json& object)
      : file_(std::move(file)), object_(object) {}

  const nlohmann::json* find(Keys keys) const;
  /// Whether the key is there, null or not.
  bool has(const char* key) const { return object_.contains(key); }

  /// A positive whole number; 0 where it is wrong.
  std::int64_t extent(Keys keys);
  std::int64_t extent_or(Keys keys, std::int64_t fallback);
  /// A positive number.
  double number_or(Keys keys, double fallback);
  bool flag_or(const char* key, bool fallback);
  std::string text_or(Keys keys, std::string fallback);

  void refuse(const std::string& field, const std::string& what);
  /// The problems of a part of the object, too.
  void add(const ConfigReader& part);
  /// Throws mesh::InvalidFile if anything was refused.
  void check() const;
  const std::string& file() const { return file_; }

  /// A value as a message shows it.
  static std::string shown(const nlohmann::json& value);

 private:
  std::string file_;
  const nlohmann::json& object_;
  std::vector<mesh::Problem> problems_;
};

}  // namespace ttmesh::modules
