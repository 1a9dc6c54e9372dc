#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace ttmesh::mesh {

/// Stands between hosts: passes on what comes to one Unix socket to another one, and counts it.
class CountingRelay {
 public:
  /// Listens at the path `own` for those that want to talk to who listens at `other`, then or
  /// later.
  CountingRelay(std::string own, std::string other);
  ~CountingRelay();
  CountingRelay(const CountingRelay&) = delete;
  CountingRelay& operator=(const CountingRelay&) = delete;

  /// Of both directions so far.
  std::int64_t bytes() const { return bytes_.load(); }

 private:
  struct Pair {
    int a;
    int b;
  };

  void serve();
  void let_in();
  /// Passes on what is there; false at the end.
  bool pass(int from, int to);

  const std::string own_;
  const std::string other_;
  int listening_;
  std::vector<Pair> pairs_;
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace ttmesh::mesh
