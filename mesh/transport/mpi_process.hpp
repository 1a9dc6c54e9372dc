#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "mesh/transport/mpi_job.hpp"

namespace ttmesh::mesh {

/// This process among those that mpirun or Slurm has started.
///
/// MPI can be started once in a process, and ends with it: orderly, or, after `give_up`, by ending
/// all processes of the job. One thread makes all calls of MPI. It serves one transport at a time;
/// the less there is to do, the less often it looks.
class MpiProcess : public MpiJob {
 public:
  /// One look at what there is to do; whether there was anything. It does not throw.
  using Poll = std::function<bool()>;

  /// The only one; starts MPI when first asked for.
  /// Throws mesh::Error (HostLost) if MPI does not start within `bound`.
  static MpiProcess& get(std::chrono::milliseconds bound);
  ~MpiProcess() override;
  MpiProcess(const MpiProcess&) = delete;
  MpiProcess& operator=(const MpiProcess&) = delete;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }

  /// Calls `poll` on the thread from now on, and returns which transport of this process it is,
  /// from 0. Throws std::logic_error if another one is being served.
  int attach(Poll poll);
  /// Ends that; `poll` is not being called when this returns.
  void detach();
  void wake() override;
  [[nodiscard]] bool is_current() const { return thread_.get_id() == std::this_thread::get_id(); }

  void give_up(std::shared_ptr<void> kept) override;

 private:
  enum class Stage { Starting, Running, Failed };

  MpiProcess();
  void run();
  void start();
  void serve();
  void end();

  std::mutex mutex_;  ///< Guards the rest but for the thread.
  std::condition_variable changed_;
  Stage stage_ = Stage::Starting;
  std::string why_failed_;
  int rank_ = 0;
  int size_ = 1;
  std::shared_ptr<const Poll> poll_;
  bool polling_ = false;
  bool woken_ = false;
  bool ending_ = false;
  int served_ = 0;
  std::vector<std::shared_ptr<void>> kept_;
  std::thread thread_;
};

}  // namespace ttmesh::mesh
