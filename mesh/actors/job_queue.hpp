#pragma once

#include <atomic>
#include <caf/all.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

namespace ttmesh::mesh {

/// Waits for `ready` without sleeping, for as long as a message or two take; whoever else wants the
/// processor gets it. Returns what `ready` said last.
template <typename Ready>
bool spin_until(const Ready& ready) {
  constexpr std::chrono::microseconds kPatience{50};
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  do {
    for (int i = 0; i < 16; ++i) {
      if (ready()) return true;
      std::this_thread::yield();
    }
  } while (std::chrono::steady_clock::now() < give_up);
  return ready();
}

/// How CAF's workers get their jobs: one queue that all share. As CAF's own work sharing, but a
/// worker that finds nothing looks again for a while before it sleeps: waking a thread takes longer
/// than handling a message. docs/performance.md has figures.
class JobQueue : public caf::policy::unprofiled {
 public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    std::mutex mutex;
    std::condition_variable filled;
    std::deque<caf::resumable*> jobs;
    std::size_t sleepers = 0;
    std::atomic<std::size_t> size{0};  ///< Of `jobs`, to be looked at without the mutex.
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    put(d(self), job);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    put(d(self->parent()), job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    put(d(self->parent()), job);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    put(d(self->parent()), job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    coordinator_data& queue = d(self->parent());
    spin_until([&] { return queue.size.load(std::memory_order_relaxed) > 0; });
    std::unique_lock lock(queue.mutex);
    ++queue.sleepers;
    queue.filled.wait(lock, [&] { return !queue.jobs.empty(); });
    --queue.sleepers;
    return take(queue);
  }

  template <class Worker, class Function>
  void foreach_resumable(Worker*, Function) {}

  template <class Coordinator, class Function>
  void foreach_central_resumable(Coordinator* self, Function function) {
    coordinator_data& queue = d(self);
    const std::lock_guard lock(queue.mutex);
    while (!queue.jobs.empty()) function(take(queue));
  }

 private:
  static void put(coordinator_data& queue, caf::resumable* job) {
    bool wake = false;
    {
      const std::lock_guard lock(queue.mutex);
      queue.jobs.push_back(job);
      queue.size.store(queue.jobs.size(), std::memory_order_relaxed);
      wake = queue.sleepers > 0;
    }
    if (wake) queue.filled.notify_one();
  }

  static caf::resumable* take(coordinator_data& queue) {
    caf::resumable* job = queue.jobs.front();
    queue.jobs.pop_front();
    queue.size.store(queue.jobs.size(), std::memory_order_relaxed);
    return job;
  }
};

}  // namespace ttmesh::mesh
