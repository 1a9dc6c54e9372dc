#pragma once

#include <atomic>
#include <caf/all.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

#include "mesh/actors/job_list.hpp"
#include "mesh/actors/pending_commands.hpp"

namespace ttmesh::mesh {

/// Waits for `ready` without sleeping, for as long as `patience`; whoever else wants the processor
/// gets it. Returns what `ready` said last.
template <typename Ready>
bool spin_until(const Ready& ready, std::chrono::microseconds patience) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  do {
    for (int i = 0; i < 16; ++i) {
      if (ready()) return true;
      std::this_thread::yield();
    }
  } while (std::chrono::steady_clock::now() < give_up);
  return ready();
}

/// How CAF's workers get their jobs: each has a list of its own, for what its jobs make ready; what
/// comes from other threads is in one that all share. So chips that talk to each other stay on one
/// processor, whose cache they are in. A worker that has nothing takes half of what another has,
/// unless all that is under way is small: that is done by one worker, and the others sleep. If
/// there is nothing either it looks again for a while before it sleeps: waking a thread takes
/// longer than handling a message. docs/performance.md has figures.
class JobQueue : public caf::policy::unprofiled {
 public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    JobList jobs;
    std::mutex mutex;  ///< Of `filled` alone.
    std::condition_variable filled;
    std::atomic<std::size_t> sleepers{0};
    std::atomic<const PendingCommands*> pending{nullptr};  ///< What is under way, if that is known.
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    worker_data(const worker_data&) {}  // CAF copies it while it is empty.

    JobList jobs;
  };

  /// From here on workers share the jobs of large commands only; of all with null, as at first.
  template <class Coordinator>
  static void share_jobs_of(Coordinator& coordinator, const PendingCommands* pending) {
    coordinator.data().pending = pending;
  }

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    d(self).jobs.put(job);
    wake_sleeper(self);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    d(self).jobs.put(job);
    wake_sleeper(self->parent());
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    internal_enqueue(self, job);
  }

  /// The next job that is no actor. Actors are run here: CAF's loop would cast each for the log's
  /// sake, which takes as long as the handling of a message.
  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    for (;;) {
      caf::resumable* job = wait_for_job(self);
      if (job->subtype() != caf::resumable::scheduled_actor) return job;
      if (job->resume(self, self->max_throughput()) == caf::resumable::resume_later) {
        resume_job_later(self, job);
      } else {
        caf::intrusive_ptr_release(job);
      }
    }
  }

  template <class Worker, class Function>
  void foreach_resumable(Worker* self, Function function) {
    while (caf::resumable* job = d(self).jobs.take()) function(job);
  }
  template <class Coordinator, class Function>
  void foreach_central_resumable(Coordinator* self, Function function) {
    while (caf::resumable* job = d(self).jobs.take()) function(job);
  }

 private:
  /// Looks after which a worker takes another's only job too: that one is most often about to.
  static constexpr int kRespect = 8;

  /// A message or two take as long.
  static constexpr std::chrono::microseconds kPatience{50};

  template <class Worker>
  caf::resumable* wait_for_job(Worker* self) {
    coordinator_data& shared = d(self->parent());
    for (;;) {
      caf::resumable* job = nullptr;
      int looks = 0;
      const auto found = [&] { return (job = next_job(self, looks++)) != nullptr; };
      if (spin_until(found, kPatience)) return job;
      std::unique_lock lock(shared.mutex);
      ++shared.sleepers;
      shared.filled.wait(lock, [&] { return has_job(self); });
      --shared.sleepers;
    }
  }

  template <class Coordinator>
  void wake_sleeper(Coordinator* self) {
    coordinator_data& shared = d(self);
    const std::size_t sleepers = shared.sleepers.load();
    if (sleepers == 0) return;
    if (sleepers < self->system().scheduler().num_workers() && !shares(shared)) return;
    const std::lock_guard lock(shared.mutex);
    shared.filled.notify_one();
  }

  static bool shares(const coordinator_data& shared) {
    const PendingCommands* pending = shared.pending.load();
    return pending == nullptr || pending->any_large();
  }

  template <class Worker>
  caf::resumable* next_job(Worker* self, int looks) {
    JobList& own = d(self).jobs;
    if (caf::resumable* job = own.take()) return job;
    if (caf::resumable* job = d(self->parent()).jobs.take()) return job;
    if (!shares(d(self->parent()))) return nullptr;
    const std::size_t workers = self->system().scheduler().num_workers();
    for (std::size_t i = 1; i < workers; ++i) {
      auto* other = self->parent()->worker_by_id((self->id() + i) % workers);
      own.steal_from(d(other).jobs, looks < kRespect ? 2 : 1);
      if (caf::resumable* job = own.take()) return job;
    }
    return nullptr;
  }

  /// A job that the worker may take.
  template <class Worker>
  bool has_job(Worker* self) {
    coordinator_data& shared = d(self->parent());
    if (!shared.jobs.empty() || !d(self).jobs.empty()) return true;
    if (!shares(shared)) return false;
    for (std::size_t i = 0; i < self->system().scheduler().num_workers(); ++i) {
      if (!d(self->parent()->worker_by_id(i)).jobs.empty()) return true;
    }
    return false;
  }
};

}  // namespace ttmesh::mesh
