#pragma once

#include <cstdint>
#include <string_view>

namespace ttmesh::mesh {

/// What carries messages between hosts.
enum class TransportKind : std::uint8_t {
  Unix,  ///< Sockets of one machine.
  Tcp,   ///< Sockets across machines; needs a token.
  Mpi,   ///< Whatever MPI finds, of processes that mpirun or Slurm started.
};

[[nodiscard]] std::string_view to_string(TransportKind kind);

/// "unix", "tcp" or "mpi". Throws std::invalid_argument listing them.
[[nodiscard]] TransportKind parse_transport_kind(std::string_view name);

}  // namespace ttmesh::mesh
