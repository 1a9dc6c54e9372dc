#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "mesh/program/command.hpp"

namespace ttmesh::mesh {

/// The commands that a host's chips have not passed yet: what is said to be lost when a host is,
/// and what decides how many workers take part.
class PendingCommands {
 public:
  /// `bytes` of values, those of all the host's chips together.
  void add(CommandPtr command, std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    const bool large = bytes > kSmall;
    if (large) large_.fetch_add(1);
    const std::uint64_t number = command->number;
    commands_.emplace(number, Entry{std::move(command), large});
  }
  void remove(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = commands_.find(number);
    if (found == commands_.end()) return;
    if (found->second.large) large_.fetch_sub(1);
    commands_.erase(found);
  }

  /// One of them at least is worth more than one worker: handling its messages and values takes
  /// longer than moving chips between caches.
  bool any_large() const { return large_.load() > 0; }

  /// "#7 all_reduce (mlp.w2) and 3 later commands"; empty if there is none.
  std::string summary() const;

 private:
  struct Entry {
    CommandPtr command;
    bool large;
  };

  /// Two workers gain nothing up to here: docs/performance.md.
  static constexpr std::int64_t kSmall = 256 << 10;

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Entry> commands_;
  std::atomic<int> large_{0};
};

}  // namespace ttmesh::mesh
