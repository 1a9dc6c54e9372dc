#pragma once

#include <cstdint>

namespace ttmesh::mesh {

/// A TCP port of this machine's loopback address that the system gives to nobody else meanwhile.
/// Who is told of it can listen there; until then calls are refused.
class PortReservation {
 public:
  /// Throws std::system_error if there is none.
  PortReservation();
  ~PortReservation();
  PortReservation(const PortReservation&) = delete;
  PortReservation& operator=(const PortReservation&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int socket_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace ttmesh::mesh
