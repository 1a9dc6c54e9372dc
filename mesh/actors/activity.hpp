#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "mesh/actors/job_queue.hpp"

namespace ttmesh::mesh {

/// Counts messages on their way or being handled. At zero nothing can run any more: everything is
/// done, or starved.
class Activity {
 public:
  /// Before a message is sent.
  void begin() { count_.fetch_add(1); }
  /// After it has been handled, and whatever it led to has been sent.
  void end() {
    if (count_.fetch_sub(1) == 1) poke();
  }

  /// Makes waiters look at their condition again.
  void poke() {
    if (waiters_.load() == 0) return;
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  bool is_idle() const { return count_.load() == 0; }

  /// Waits until nothing runs.
  void wait_until_idle() {
    wait_until_idle_or([] { return false; });
  }

  /// Waits until nothing runs or `condition` holds; whoever makes it hold calls `poke()`.
  template <typename Condition>
  void wait_until_idle_or(const Condition& condition) {
    const auto ended = [&] { return count_.load() == 0 || condition(); };
    if (spin_until(ended)) return;
    std::unique_lock lock(mutex_);
    ++waiters_;
    changed_.wait(lock, ended);
    --waiters_;
  }

 private:
  std::atomic<std::int64_t> count_{0};
  std::atomic<int> waiters_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Ends one message's activity when its handler returns, also by an exception.
class HandledMessage {
 public:
  explicit HandledMessage(Activity& activity) : activity_(activity) {}
  ~HandledMessage() { activity_.end(); }
  HandledMessage(const HandledMessage&) = delete;
  HandledMessage& operator=(const HandledMessage&) = delete;

 private:
  Activity& activity_;
};

}  // namespace ttmesh::mesh
