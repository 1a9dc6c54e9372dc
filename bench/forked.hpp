#pragma once

#include <sys/types.h>

#include <functional>

namespace ttmesh {

/// The other process of a benchmark: a copy of this one that does `work` and ends. Made before this
/// process has threads that `work` would miss.
class Forked {
 public:
  /// Throws std::system_error if there can be no more processes.
  explicit Forked(const std::function<void()>& work);
  /// Waits for its end; whoever made it has told it before.
  ~Forked();
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

 private:
  pid_t process_ = -1;
};

}  // namespace ttmesh
