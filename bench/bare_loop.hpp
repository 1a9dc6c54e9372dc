#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "bench/forked.hpp"
#include "mesh/transport/transport_kind.hpp"

namespace ttmesh::mesh {

struct BareLoopOptions {
  TransportKind kind = TransportKind::Unix;  ///< Of sockets.
  std::size_t bytes = 0;                     ///< Of a message, without its head.
  /// What decides how fast TCP sends ("reno"); the system's choice if empty.
  std::string congestion_control{};
};

/// The least that asio can do: two processes with a socket between them, which send messages of one
/// length from one buffer, again and again, and receive them into another.
class BareLoop {
 public:
  explicit BareLoop(const BareLoopOptions& options);
  ~BareLoop();
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  /// Sends `count` messages; the other process says when it has them all.
  void stream(int count);
  /// A message goes there and back, `count` times.
  void round_trips(int count);

 private:
  class End;

  std::unique_ptr<Forked> other_;
  std::unique_ptr<End> end_;
};

}  // namespace ttmesh::mesh
