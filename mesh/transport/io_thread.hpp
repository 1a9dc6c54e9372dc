#pragma once

#include <functional>
#include <memory>
#include <thread>

namespace asio {
class io_context;
}

namespace ttmesh::mesh {

/// A thread that serves sockets.
class IoThread {
 public:
  IoThread();
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  /// Runs `task` on the thread.
  void post(std::function<void()> task);
  /// Ends the thread once nothing is under way on it: who owns sockets or timers has closed them.
  /// Not on the thread itself. A second call does nothing.
  void join();

  [[nodiscard]] bool is_current() const;
  /// Outlives the thread for those who still hold it.
  [[nodiscard]] const std::shared_ptr<asio::io_context>& context() const { return context_; }

 private:
  struct Work;

  std::shared_ptr<asio::io_context> context_;
  std::unique_ptr<Work> work_;
  std::thread thread_;
};

}  // namespace ttmesh::mesh
