#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ttmesh::mesh {

using AttributeValue =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;

/// The options of one op call, by name, in the order in which the op states them. Data: they print,
/// compare and travel between processes.
class Attributes {
 public:
  using Entry = std::pair<std::string, AttributeValue>;

  Attributes() = default;
  Attributes(std::initializer_list<Entry> entries) : entries_(entries) {}

  /// Adds `name`, or replaces its value.
  void set(std::string name, AttributeValue value);

  bool has(std::string_view name) const { return find(name) != nullptr; }
  const AttributeValue* find(std::string_view name) const;
  const std::vector<Entry>& entries() const { return entries_; }

  bool flag(std::string_view name) const { return get<bool>(name); }
  std::int64_t integer(std::string_view name) const { return get<std::int64_t>(name); }
  double number(std::string_view name) const { return get<double>(name); }
  const std::string& text(std::string_view name) const { return get<std::string>(name); }
  const std::vector<std::int64_t>& integers(std::string_view name) const {
    return get<std::vector<std::int64_t>>(name);
  }

  friend bool operator==(const Attributes&, const Attributes&) = default;

 private:
  /// Throws std::logic_error if `name` is absent or of another kind: ops write what they read.
  template <typename T>
  const T& get(std::string_view name) const;

  std::vector<Entry> entries_;
};

/// "dim=3 cluster_axis=1 activation=silu"
[[nodiscard]] std::string to_string(const Attributes& attributes);

}  // namespace ttmesh::mesh
