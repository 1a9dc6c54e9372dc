#include "mesh/transport/mpi_process.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <cstdio>
#include <stdexcept>
#include <utility>

#include "mesh/topology/error.hpp"
#include "mesh/transport/mpi_call.hpp"

namespace ttmesh::mesh {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// Exit code of a world that failed.
constexpr int kWorldFailed = 3;

/// How long another rank's end is waited for before this one ends the job: rank 0 has more to say.
constexpr auto kRank0First = 1s;

/// How long to sleep between two looks when nothing has happened for `idle`. Nothing wakes a
/// process when a message of another one comes, so this is what it may wait. Assumed: a look costs
/// 1 to 2 us, so that a host without work takes 1 % of a processor at most.
std::chrono::microseconds pause_after(Clock::duration idle) {
  if (idle < 30us) return 0us;
  if (idle < 5ms) return 10us;
  if (idle < 50ms) return 50us;
  return idle < 1s ? 200us : 500us;
}

}  // namespace

MpiProcess& MpiProcess::get(std::chrono::milliseconds bound) {
  static MpiProcess process;
  std::unique_lock lock(process.mutex_);
  const bool in_time =
      process.changed_.wait_for(lock, bound, [] { return process.stage_ != Stage::Starting; });
  if (!in_time) {
    throw Error(ErrorCode::HostLost,
                fmt::format("[join] MPI did not start within {:.1f} s: a rank of the job has not "
                            "started, or hangs",
                            std::chrono::duration<double>(bound).count()));
  }
  if (process.stage_ == Stage::Failed) {
    throw Error(ErrorCode::HostLost, "[join] MPI did not start: " + process.why_failed_);
  }
  return process;
}

MpiProcess::MpiProcess() : thread_([this] { run(); }) {}

MpiProcess::~MpiProcess() {
  std::unique_lock lock(mutex_);
  if (stage_ == Stage::Starting) {
    thread_.detach();  // It hangs; the process ends without it.
    return;
  }
  ending_ = true;
  changed_.notify_all();
  lock.unlock();
  thread_.join();
}

int MpiProcess::attach(Poll poll) {
  const std::lock_guard lock(mutex_);
  if (poll_) throw std::logic_error("[attach] a transport of this process already uses MPI");
  poll_ = std::make_shared<const Poll>(std::move(poll));
  changed_.notify_all();
  return served_++;
}

void MpiProcess::detach() {
  std::unique_lock lock(mutex_);
  poll_.reset();
  changed_.notify_all();
  changed_.wait(lock, [this] { return !polling_; });
}

void MpiProcess::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(woken_, true) || polling_) return;
  }
  changed_.notify_all();
}

void MpiProcess::give_up(std::shared_ptr<void> kept) {
  const std::lock_guard lock(mutex_);
  kept_.push_back(std::move(kept));
}

void MpiProcess::run() {
  try {
    start();
  } catch (const std::exception& error) {
    const std::lock_guard lock(mutex_);
    stage_ = Stage::Failed;
    why_failed_ = error.what();
    changed_.notify_all();
    return;
  }
  serve();
  end();
}

void MpiProcess::start() {
  prctl(PR_SET_TIMERSLACK, 1'000);  // Nanoseconds; 50 us would be as long as the pauses.
  int provided = MPI_THREAD_SINGLE;
  require_success(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided),
                  "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) {
    throw std::runtime_error("this MPI allows a process no threads, needs MPI_THREAD_FUNNELED");
  }
  require_success(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
                  "MPI_Comm_set_errhandler");
  const std::lock_guard lock(mutex_);
  require_success(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
  require_success(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
  stage_ = Stage::Running;
  changed_.notify_all();
}

void MpiProcess::serve() {
  Clock::time_point last_busy = Clock::now();
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (!poll_) {
      changed_.wait(lock, [this] { return ending_ || poll_; });
      continue;
    }
    std::shared_ptr<const Poll> poll = poll_;
    polling_ = true;
    woken_ = false;
    lock.unlock();
    const bool busy = (*poll)();
    poll.reset();
    lock.lock();
    polling_ = false;
    if (!poll_) changed_.notify_all();
    const Clock::time_point now = Clock::now();
    if (busy || woken_) {
      last_busy = now;
      continue;
    }
    const std::chrono::microseconds pause = pause_after(now - last_busy);
    if (pause > 0us) {
      changed_.wait_for(lock, pause, [this] { return woken_ || ending_ || !poll_; });
    } else {
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
    }
  }
}

void MpiProcess::end() {
  std::unique_lock lock(mutex_);
  if (kept_.empty()) {
    lock.unlock();
    MPI_Finalize();
    return;
  }
  lock.unlock();
  if (rank_ > 0) std::this_thread::sleep_for(kRank0First);
  std::fflush(nullptr);
  MPI_Abort(MPI_COMM_WORLD, kWorldFailed);
}

}  // namespace ttmesh::mesh
