#include "mesh/program/attributes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

struct ValuePrinter {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<std::int64_t>& value) const {
    return fmt::format("[{}]", fmt::join(value, ","));
  }
};

}  // namespace

void Attributes::set(std::string name, AttributeValue value) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& each) { return each.first == name; });
  if (entry != entries_.end()) {
    entry->second = std::move(value);
  } else {
    entries_.emplace_back(std::move(name), std::move(value));
  }
}

const AttributeValue* Attributes::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.first == name) return &entry.second;
  }
  return nullptr;
}

template <typename T>
const T& Attributes::get(std::string_view name) const {
  const AttributeValue* value = find(name);
  if (value == nullptr || !std::holds_alternative<T>(*value)) {
    throw std::logic_error(
        fmt::format("[Attributes::get] '{}' is absent or of another kind", name));
  }
  return std::get<T>(*value);
}

template const bool& Attributes::get(std::string_view) const;
template const std::int64_t& Attributes::get(std::string_view) const;
template const double& Attributes::get(std::string_view) const;
template const std::string& Attributes::get(std::string_view) const;
template const std::vector<std::int64_t>& Attributes::get(std::string_view) const;

std::string to_string(const Attributes& attributes) {
  std::string text;
  for (const auto& [name, value] : attributes.entries()) {
    if (!text.empty()) text += ' ';
    text += name + '=' + std::visit(ValuePrinter{}, value);
  }
  return text;
}

}  // namespace ttmesh::mesh
