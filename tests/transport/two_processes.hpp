#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "mesh/transport/address.hpp"
#include "mesh/transport/port_reservation.hpp"
#include "tests/transport/host.hpp"

namespace ttmesh::mesh {

/// A process of tests/transport/peer_program.cpp.
class Peer {
 public:
  explicit Peer(const std::string& address);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void signal(int number) const;
  /// Its exit code; nothing if a signal ended it.
  std::optional<int> wait();

 private:
  pid_t process_ = 0;
};

/// Rank 0 in this process and rank 1 in another: a child over sockets, a rank over MPI, where tests
/// are skipped unless mpirun has started both: ctest's mesh_transport_mpi_pair.
class TwoProcesses : public testing::TestWithParam<TransportKind> {
 protected:
  void SetUp() override;

  /// Returns once both hosts have met all others.
  void connect();
  /// The other host takes messages from now on and is done with none; or with all, if not `hold`.
  void tell_to_hold(bool hold);
  /// What the other host has counted; nothing after `kPatience`.
  [[nodiscard]] std::optional<wire::ActivityCount> ask();

  Transport& transport() { return host->transport(); }

  std::optional<SocketDirectory> sockets;
  std::optional<PortReservation> port;
  std::unique_ptr<Host> host;
  std::unique_ptr<Peer> peer;  ///< Over sockets.

 private:
  std::uint64_t wave_ = 0;
};

}  // namespace ttmesh::mesh
