#include "mesh/transport/port_reservation.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ttmesh::mesh {

// Linux lets two sockets with SO_REUSEADDR have a port as long as neither of them listens, so the
// one that is bound here does not stand in the way of the one that will.
PortReservation::PortReservation() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(name);
  auto* const address = reinterpret_cast<sockaddr*>(&name);
  if (socket_ < 0 || setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(socket_, address, length) != 0 || getsockname(socket_, address, &length) != 0) {
    const int error = errno;
    if (socket_ >= 0) close(socket_);
    throw std::system_error(error, std::generic_category(),
                            "[PortReservation] this machine has no free port");
  }
  port_ = ntohs(name.sin_port);
}

PortReservation::~PortReservation() { close(socket_); }

}  // namespace ttmesh::mesh
