#include "mesh/transport/transport.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "mesh/transport/endpoint.hpp"
#ifdef TTMESH_HAS_MPI
#include "mesh/transport/mpi_transport.hpp"
#endif

namespace ttmesh::mesh {
namespace {

#ifdef TTMESH_HAS_MPI
constexpr bool kHasMpi = true;
#else
constexpr bool kHasMpi = false;
#endif

}  // namespace

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

bool is_built_in(TransportKind kind) { return kHasMpi || kind != TransportKind::Mpi; }

std::unique_ptr<Transport> make_transport(TransportKind kind, TransportOptions options,
                                          TransportHandlers handlers) {
  switch (kind) {
    case TransportKind::Unix:
    case TransportKind::Tcp:
      return std::make_unique<Endpoint>(std::move(options), std::move(handlers));
    case TransportKind::Mpi:
#ifdef TTMESH_HAS_MPI
      return std::make_unique<MpiTransport>(std::move(options), std::move(handlers));
#else
      break;
#endif
  }
  throw std::invalid_argument(
      fmt::format("[make_transport] {} is not built into this ttmesh: install libopenmpi-dev and "
                  "build it again, or take ttmesh launch",
                  to_string(kind)));
}

}  // namespace ttmesh::mesh
