#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace ttmesh::mesh {

/// Where a host listens.
struct Address {
  enum class Kind : std::uint8_t { Unix, Tcp };

  Kind kind = Kind::Unix;
  std::string name;        ///< Path of the socket; host name or number for TCP.
  std::uint16_t port = 0;  ///< TCP alone; 0: the system chooses one that is free.

  friend bool operator==(const Address&, const Address&) = default;
};

/// "unix:/tmp/x/0.socket", "tcp:10.0.0.1:4000", "tcp:[::1]:4000"
[[nodiscard]] std::string to_string(const Address& address);

/// The address called `text`. Throws std::invalid_argument saying what forms there are, or that a
/// path is too long for a socket (107 bytes).
[[nodiscard]] Address parse_address(std::string_view text);

/// Where others find the peer at the other end of a connected socket, which says that it listens at
/// `announced`: if that is all addresses of its machine, the one that it is connected from.
[[nodiscard]] Address reachable(const Address& announced, int socket);

/// Where a host can listen for the others of a run whose rank 0 listens at `rank_0`, to which
/// `socket` is connected: a socket file beside it, or any port of the number it is connected from.
[[nodiscard]] Address beside(const Address& rank_0, int rank, int socket);

/// A new folder for Unix sockets that its owner alone may enter. Removed with what is in it.
class SocketDirectory {
 public:
  /// Below TMPDIR, or /tmp if that is not set or too long for a socket. Throws std::system_error.
  SocketDirectory();
  ~SocketDirectory();
  SocketDirectory(const SocketDirectory&) = delete;
  SocketDirectory& operator=(const SocketDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Where `rank` listens.
  [[nodiscard]] Address address(int rank) const;

 private:
  std::filesystem::path path_;
};

}  // namespace ttmesh::mesh
