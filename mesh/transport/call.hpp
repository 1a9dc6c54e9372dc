#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "mesh/transport/address.hpp"
#include "mesh/transport/frame.hpp"
#include "mesh/transport/stream_socket.hpp"

// Included by this folder's sources alone, so that asio does not spread.
namespace ttmesh::mesh {

/// Preamble and header of a frame.
struct ReceivedHead {
  Preamble preamble;
  std::vector<std::byte> header;
};

/// A conversation that the calling thread waits for, until a deadline.
class Call {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// To `address`, which the others' mistakes are told of.
  Call(Address address, Deadline deadline);
  /// Over a connected socket, which it will own.
  Call(Address address, int socket, Deadline deadline);

  [[nodiscard]] asio::error_code connect();
  // These throw mesh::Error (HostLost) if the other side does not do its part by the deadline.
  void write(const Frame& frame);
  /// The next frame, which is of `kind` and has no payload; throws what a refusal says.
  [[nodiscard]] ReceivedHead read(FrameKind kind, const FrameLimits& limits);
  /// The other side closes the connection; throws what a refusal says.
  void await_end();
  /// The other side is none that can be talked to. Throws mesh::Error (HostLost).
  [[noreturn]] void refuse(const char* why) const;

  /// The connected socket, which is the caller's from now on.
  [[nodiscard]] int release() { return socket_.release(); }
  [[nodiscard]] int number() { return socket_.native_handle(); }

 private:
  template <typename Endpoint>
  asio::error_code connect_to(const Endpoint& endpoint);
  template <typename Start>
  asio::error_code await(const Start& start);
  void read(asio::mutable_buffer bytes);
  void require(const asio::error_code& error) const;

  Address address_;
  Deadline deadline_;
  asio::io_context context_{1};
  StreamSocket socket_;
};

}  // namespace ttmesh::mesh
