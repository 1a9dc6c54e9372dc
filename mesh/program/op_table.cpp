#include "mesh/program/op_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace ttmesh::mesh {

void OpTable::add(std::string name, OpDefinition definition) {
  const auto [entry, added] = definitions_.emplace(std::move(name), std::move(definition));
  if (!added) throw std::logic_error(fmt::format("[OpTable::add] '{}' is taken", entry->first));
}

const OpDefinition& OpTable::at(std::string_view name) const {
  const auto entry = definitions_.find(name);
  if (entry == definitions_.end()) {
    throw std::invalid_argument(
        fmt::format("[OpTable] no op is called '{}'; known: {}", name, fmt::join(names(), ", ")));
  }
  return entry->second;
}

std::vector<std::string> OpTable::names() const {
  std::vector<std::string> names;
  for (const auto& [name, definition] : definitions_) names.push_back(name);
  return names;
}

}  // namespace ttmesh::mesh
