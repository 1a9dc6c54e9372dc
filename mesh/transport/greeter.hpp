#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "mesh/transport/address.hpp"
#include "mesh/transport/handshake.hpp"
#include "mesh/transport/io_thread.hpp"

namespace ttmesh::mesh {

/// Called on the communication thread.
struct GreeterHandlers {
  /// Why a guest is turned away, if it is.
  std::function<std::optional<std::string>(const Hello& guest)> objection;
  /// What a guest that is let in is told.
  std::function<Hello(const Hello& guest)> welcome;
  /// A guest is in; the socket is the handler's.
  std::function<void(const Hello& guest, int socket)> welcomed;
  /// Somebody was turned away. `who`: what is known about it.
  std::function<void(const std::string& who, const std::string& why)> refused;
};

/// Listens, and lets in whom the handlers do not object to. Those who say nothing are turned away
/// after a while; no more than 64 are heard at a time.
class Greeter {
 public:
  Greeter(const IoThread& io, std::chrono::milliseconds bound, GreeterHandlers handlers);
  ~Greeter();
  Greeter(const Greeter&) = delete;
  Greeter& operator=(const Greeter&) = delete;

  /// Listens there too. The address with the port that was chosen, if it was to be.
  /// Throws std::invalid_argument if the folder of a Unix socket is open to others,
  /// std::system_error if the address is taken or is not this machine's.
  Address listen(const Address& address);
  /// Listens no more, and removes the Unix sockets. The thread of `io` still runs.
  void close();

 private:
  class Door;
  std::shared_ptr<Door> door_;
};

}  // namespace ttmesh::mesh
