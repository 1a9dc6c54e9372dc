#pragma once

#include <memory>

#include "mesh/transport/transport.hpp"

namespace ttmesh::mesh {

/// The transport over MPI, for processes that mpirun or Slurm has started: hosts are ranks of
/// MPI_COMM_WORLD. One thread makes all calls of MPI and is where handlers run.
///
/// MPI knows no end of a part of its processes. If a host is lost, the others are told as by any
/// transport, and the first to end takes the whole job with it.
class MpiTransport : public Transport {
 public:
  /// Throws as `check` does.
  MpiTransport(TransportOptions options, TransportHandlers handlers);
  ~MpiTransport() override;

  void join(const MeetingPlace& place, std::chrono::milliseconds bound) override;
  bool send(int rank, const Message& message) override;
  [[nodiscard]] bool await_room(int rank, std::size_t bytes,
                                std::chrono::milliseconds bound) override;
  [[nodiscard]] std::size_t held_bytes(int rank) const override;
  void close() override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace ttmesh::mesh
