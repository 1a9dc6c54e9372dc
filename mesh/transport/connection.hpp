#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mesh/transport/credit.hpp"
#include "mesh/transport/frame.hpp"
#include "mesh/transport/io_thread.hpp"
#include "mesh/transport/message.hpp"

namespace ttmesh::mesh {

struct ConnectionOptions {
  int socket = -1;  ///< A connected stream socket, which the connection will own.
  FrameLimits limits;
  std::uint64_t send_window_bytes = 0;     ///< Credit of each stream that the peer grants.
  std::uint64_t receive_window_bytes = 0;  ///< And that it is granted.
};

/// Called on the communication thread. They return soon, and do not throw.
struct ConnectionHandlers {
  std::function<void(Message message, Receipt receipt)> received;
  /// The connection has ended; called once. `why` is empty if the peer said goodbye before, or this
  /// side did.
  std::function<void(std::string why)> ended;
};

/// Messages to and from one peer that has been let in. From any thread.
///
/// Reads whatever comes, always. Writes what has credit, and refers to the rest until it has.
class Connection : public CreditSink {
 public:
  /// Sends a message after those of its stream. False if the connection has ended.
  virtual bool send(StreamId stream, Frame frame) = 0;
  /// Waits until no more than `bytes` are still to be written, at most for `bound`. False if there
  /// are more, or the connection has ended.
  [[nodiscard]] virtual bool await_room(std::size_t bytes, std::chrono::milliseconds bound) = 0;
  /// Bytes that wait for credit or for the socket.
  [[nodiscard]] virtual std::size_t held_bytes() const = 0;

  /// Says goodbye after all that is to be written. The peer's goodbye or end ends the connection.
  virtual void say_goodbye(const std::string& why) = 0;
  /// Waits until the connection has ended, at most for `bound`. Not on the communication thread.
  virtual bool await_end(std::chrono::milliseconds bound) = 0;
  /// Ends the connection, with a last word to the peer where that does not have to wait.
  virtual void end(const std::string& why) = 0;
};

/// Throws std::system_error if the socket is none; closes it then.
[[nodiscard]] std::shared_ptr<Connection> open_connection(const IoThread& io,
                                                          const ConnectionOptions& options,
                                                          ConnectionHandlers handlers);

}  // namespace ttmesh::mesh
