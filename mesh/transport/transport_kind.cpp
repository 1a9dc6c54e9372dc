#include "mesh/transport/transport_kind.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ttmesh::mesh {

std::string_view to_string(TransportKind kind) {
  switch (kind) {
    case TransportKind::Unix:
      return "unix";
    case TransportKind::Tcp:
      return "tcp";
    case TransportKind::Mpi:
      return "mpi";
  }
  return "?";
}

TransportKind parse_transport_kind(std::string_view name) {
  for (const TransportKind kind : {TransportKind::Unix, TransportKind::Tcp, TransportKind::Mpi}) {
    if (name == to_string(kind)) return kind;
  }
  throw std::invalid_argument(
      fmt::format("[parse_transport_kind] '{}' is no transport, needs unix, tcp or mpi", name));
}

}  // namespace ttmesh::mesh
