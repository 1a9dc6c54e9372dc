#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "mesh/program/command.hpp"

namespace ttmesh::mesh {

/// The commands that a host's chips have not passed yet: what is said to be lost when a host is.
class PendingCommands {
 public:
  void add(CommandPtr command) {
    const std::lock_guard lock(mutex_);
    commands_.emplace(command->number, std::move(command));
  }
  void remove(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    commands_.erase(number);
  }

  /// "#7 all_reduce (mlp.w2) and 3 later commands"; empty if there is none.
  std::string summary() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, CommandPtr> commands_;
};

}  // namespace ttmesh::mesh
