#include "mesh/transport/address.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

namespace ttmesh::mesh {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

/// Where a folder of sockets is made whose paths must have room in a socket's address.
fs::path above_sockets() {
  constexpr std::string_view kBelow = "/ttmesh-XXXXXX/4294967295.socket";
  const fs::path wanted = fs::temp_directory_path();
  return wanted.native().size() + kBelow.size() <= kMaxSocketPath ? wanted : "/tmp";
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw std::invalid_argument(fmt::format(
      "[parse_address] '{}': {}, needs unix:PATH, tcp:HOST:PORT or tcp:[IPV6]:PORT", text, why));
}

/// One end of a connected TCP socket, as a number; empty if it has just gone.
std::string number_of(int socket, decltype(&getpeername) end) {
  sockaddr_storage name{};
  socklen_t length = sizeof(name);
  auto* const found = reinterpret_cast<sockaddr*>(&name);
  std::array<char, NI_MAXHOST> number{};
  if (end(socket, found, &length) != 0 ||
      getnameinfo(found, length, number.data(), number.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
    return {};
  }
  return number.data();
}

}  // namespace

std::string to_string(const Address& address) {
  if (address.kind == Address::Kind::Unix) return "unix:" + address.name;
  const bool bracketed = address.name.find(':') != std::string::npos;
  return fmt::format("tcp:{}{}{}:{}", bracketed ? "[" : "", address.name, bracketed ? "]" : "",
                     address.port);
}

Address parse_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  constexpr std::string_view kTcp = "tcp:";
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (path.empty()) refuse(text, "no path");
    if (path.size() > kMaxSocketPath) {
      refuse(text, fmt::format("a path of {} bytes, a socket's has at most {}", path.size(),
                               kMaxSocketPath));
    }
    return {.kind = Address::Kind::Unix, .name = std::string(path)};
  }
  if (!text.starts_with(kTcp)) refuse(text, "no such kind of address");
  const std::string_view rest = text.substr(kTcp.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) refuse(text, "no port");
  std::string_view host = rest.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    refuse(text, "an IPv6 number without brackets");
  }
  if (host.empty()) refuse(text, "no host");
  const std::string_view digits = rest.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    refuse(text, "no port from 0 to 65535");
  }
  return {.kind = Address::Kind::Tcp, .name = std::string(host), .port = port};
}

Address reachable(const Address& announced, int socket) {
  const bool everywhere = announced.kind == Address::Kind::Tcp &&
                          (announced.name == "0.0.0.0" || announced.name == "::");
  if (!everywhere) return announced;
  const std::string number = number_of(socket, getpeername);
  if (number.empty()) return announced;  // It has just gone.
  return {.kind = Address::Kind::Tcp, .name = number, .port = announced.port};
}

Address beside(const Address& rank_0, int rank, int socket) {
  if (rank_0.kind == Address::Kind::Unix) {
    return parse_address(fmt::format("unix:{}.{}", rank_0.name, rank));
  }
  const std::string number = number_of(socket, getsockname);
  return {.kind = Address::Kind::Tcp, .name = number.empty() ? "0.0.0.0" : number};
}

SocketDirectory::SocketDirectory() {
  std::string name = (above_sockets() / "ttmesh-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {  // Mode 0700.
    throw std::system_error(errno, std::generic_category(),
                            "[SocketDirectory] no folder for sockets could be made at " + name);
  }
  path_ = name;
}

SocketDirectory::~SocketDirectory() {
  std::error_code ignored;  // Whoever removed it first has done what this is for.
  fs::remove_all(path_, ignored);
}

Address SocketDirectory::address(int rank) const {
  return parse_address(fmt::format("unix:{}/{}.socket", path_.string(), rank));
}

}  // namespace ttmesh::mesh
