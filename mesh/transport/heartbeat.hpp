#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace ttmesh::mesh {

/// Signs of life to and from every peer, on sockets and a thread of their own: neither a long
/// message nor a busy communication thread makes a host look dead.
class Heartbeats {
 public:
  /// `silent(rank, why)` is called once for a peer that has given no sign for `bound`, on the
  /// heartbeats' thread.
  Heartbeats(std::chrono::milliseconds bound,
             std::function<void(int rank, std::string why)> silent);
  ~Heartbeats();
  Heartbeats(const Heartbeats&) = delete;
  Heartbeats& operator=(const Heartbeats&) = delete;

  /// Watches `rank`, whose connection for heartbeats must come within the bound.
  void expect(int rank);
  /// Watches `rank` over a connected socket, which it will own. Throws std::system_error if the
  /// socket is none; closes it then.
  void watch(int rank, int socket);
  /// Forgets `rank`.
  void forget(int rank);
  /// Ends the thread. `silent` is not called after that.
  void close();

 private:
  class Monitor;
  std::shared_ptr<Monitor> monitor_;
};

}  // namespace ttmesh::mesh
