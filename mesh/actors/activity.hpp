#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "mesh/actors/job_queue.hpp"

namespace ttmesh::mesh {

/// Counts messages on their way or being handled. At zero nothing can run any more: everything is
/// done, or starved. On cache lines of its own, since every thread writes to it.
class alignas(64) Activity {
 public:
  /// Before messages are sent.
  void begin(std::int64_t messages = 1) { count_.fetch_add(messages); }
  /// After one has been handled, and whatever it led to has been sent.
  void end() { change(-1); }
  /// Both at once: `change` is how many more are on their way than have been handled.
  void change(std::int64_t change) {
    if (change == 0) return;
    if (count_.fetch_add(change) == -change && waiters_.load() > 0) notify();
  }

  /// Makes those that wait for a condition look at it again.
  void poke() {
    if (watchers_.load() > 0) notify();
  }

  bool is_idle() const { return count_.load() == 0; }

  /// Waits until nothing runs.
  void wait_until_idle() {
    const auto ended = [this] { return is_idle(); };
    if (!spin_until(ended, kPatience)) sleep_until(ended);
  }

  /// Waits until nothing runs or `condition` holds; whoever makes it hold calls `poke()`.
  template <typename Condition>
  void wait_until_idle_or(const Condition& condition) {
    const auto ended = [&] { return is_idle() || condition(); };
    if (spin_until(ended, kPatience)) return;
    ++watchers_;
    sleep_until(ended);
    --watchers_;
  }

 private:
  /// A small collective takes as long.
  static constexpr std::chrono::microseconds kPatience{200};

  template <typename Ended>
  void sleep_until(const Ended& ended) {
    std::unique_lock lock(mutex_);
    ++waiters_;
    changed_.wait(lock, ended);
    --waiters_;
  }
  void notify() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  std::atomic<std::int64_t> count_{0};
  std::atomic<int> waiters_{0};
  std::atomic<int> watchers_{0};  ///< Waiters that a condition may release before that.
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
