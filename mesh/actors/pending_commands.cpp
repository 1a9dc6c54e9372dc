#include "mesh/actors/pending_commands.hpp"

#include <fmt/format.h>

namespace ttmesh::mesh {

std::string PendingCommands::summary() const {
  const std::lock_guard lock(mutex_);
  if (commands_.empty()) return {};
  const std::string first = title(*commands_.begin()->second.command);
  if (commands_.size() == 1) return first;
  return fmt::format("{} and {} later commands", first, commands_.size() - 1);
}

}  // namespace ttmesh::mesh
