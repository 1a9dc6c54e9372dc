#include "mesh/transport/stream_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

namespace ttmesh::mesh {
namespace {

/// How TCP sends within a machine, where there is no congestion to control: Reno paces nothing.
/// BBR, which some systems choose for all connections, takes what it measures between two processes
/// for the speed of a line, and is four times slower (docs/performance.md).
constexpr std::string_view kWithinAMachine = "reno";

/// Whether both ends of a connection have the same number: that of its machine.
bool is_within_a_machine(const sockaddr_storage& own, const sockaddr_storage& peer) {
  if (own.ss_family != peer.ss_family) return false;
  if (own.ss_family == AF_INET6) {
    return std::memcmp(&reinterpret_cast<const sockaddr_in6&>(own).sin6_addr,
                       &reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr,
                       sizeof(in6_addr)) == 0;
  }
  return reinterpret_cast<const sockaddr_in&>(own).sin_addr.s_addr ==
         reinterpret_cast<const sockaddr_in&>(peer).sin_addr.s_addr;
}

void tune_tcp(int socket, const sockaddr_storage& own) {
  sockaddr_storage peer{};
  socklen_t length = sizeof(peer);
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return;  // Just gone.
  if (!is_within_a_machine(own, peer)) return;
  // A system without it keeps its own way, which is slower at worst.
  (void)setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, kWithinAMachine.data(),
                   kWithinAMachine.size());
}

}  // namespace

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
    tune_tcp(socket, name);
  }
  if (error) {
    if (!adopted.is_open()) ::close(socket);
    throw std::system_error(error, "[adopt_socket]");
  }
  adopted.non_blocking(true);
  return adopted;
}

}  // namespace ttmesh::mesh
