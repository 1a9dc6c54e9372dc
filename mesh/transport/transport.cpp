#include "mesh/transport/transport.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "mesh/transport/endpoint.hpp"

namespace ttmesh::mesh {

void check(const TransportOptions& options, const TransportHandlers& handlers) {
  const Identity& identity = options.identity;
  if (identity.rank < 0 || identity.rank >= identity.hosts) {
    throw std::invalid_argument(fmt::format("[Transport] rank {} of {} hosts, needs one below it",
                                            identity.rank, identity.hosts));
  }
  if (!handlers.received || !handlers.lost || !handlers.refused) {
    throw std::invalid_argument("[Transport] a handler is missing, needs all three");
  }
}

std::unique_ptr<Transport> make_transport(TransportKind kind, TransportOptions options,
                                          TransportHandlers handlers) {
  switch (kind) {
    case TransportKind::Unix:
    case TransportKind::Tcp:
      return std::make_unique<Endpoint>(std::move(options), std::move(handlers));
    case TransportKind::Mpi:
      break;
  }
  throw std::invalid_argument(
      fmt::format("[make_transport] {} is not built into this ttmesh", to_string(kind)));
}

}  // namespace ttmesh::mesh
