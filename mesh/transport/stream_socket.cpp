#include "mesh/transport/stream_socket.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ttmesh::mesh {

StreamSocket adopt_socket(asio::io_context& context, int socket) {
  sockaddr_storage name{};
  socklen_t length = sizeof(name);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "[adopt_socket] no socket");
  }
  StreamSocket adopted(context);
  asio::error_code error;
  adopted.assign(asio::generic::stream_protocol(name.ss_family, 0), socket, error);
  if (!error && name.ss_family != AF_UNIX) {
    // A message is written whole; waiting for more only delays it.
    adopted.set_option(asio::ip::tcp::no_delay(true), error);
  }
  if (error) {
    if (!adopted.is_open()) ::close(socket);
    throw std::system_error(error, "[adopt_socket]");
  }
  adopted.non_blocking(true);
  return adopted;
}

}  // namespace ttmesh::mesh
