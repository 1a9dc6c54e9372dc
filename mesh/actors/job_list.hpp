#pragma once

#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <cstddef>
#include <deque>
#include <mutex>

namespace ttmesh::mesh {

/// Jobs in the order in which they came, most often put and taken by one thread. A cache line of
/// its own, since others look at how many there are.
class alignas(64) JobList {
 public:
  JobList() = default;
  JobList(const JobList&) = delete;
  JobList& operator=(const JobList&) = delete;

  void put(caf::resumable* job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(job);
    size_.store(jobs_.size());
  }

  /// The job that has waited longest; null if there is none.
  caf::resumable* take() {
    if (empty()) return nullptr;
    const std::lock_guard lock(mutex_);
    if (jobs_.empty()) return nullptr;
    caf::resumable* job = jobs_.front();
    jobs_.pop_front();
    size_.store(jobs_.size());
    return job;
  }

  /// Moves the later half of the jobs of `other` here, if it has `least` or more.
  void steal_from(JobList& other, std::size_t least) {
    if (other.size_.load() < least) return;
    const std::scoped_lock lock(mutex_, other.mutex_);
    const std::size_t size = other.jobs_.size();
    if (size < least) return;
    const auto middle = other.jobs_.begin() + static_cast<std::ptrdiff_t>(size / 2);
    jobs_.insert(jobs_.end(), middle, other.jobs_.end());
    other.jobs_.erase(middle, other.jobs_.end());
    other.size_.store(other.jobs_.size());
    size_.store(jobs_.size());
  }

  bool empty() const { return size_.load() == 0; }

 private:
  std::mutex mutex_;
  std::deque<caf::resumable*> jobs_;
  std::atomic<std::size_t> size_{0};  ///< Of `jobs_`, to be looked at without the mutex.
};

}  // namespace ttmesh::mesh
