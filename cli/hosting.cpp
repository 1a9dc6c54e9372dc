#include "cli/hosting.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "cli/ending.hpp"
#include "cli/joining.hpp"
#include "cli/ranks.hpp"
#include "mesh/transport/address.hpp"
#include "mesh/transport/transport.hpp"
#include "modules/open.hpp"
#include "ops/product.hpp"
#include "sim/quantity.hpp"

namespace ttmesh::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    throw std::invalid_argument(
        fmt::format("[{}] is not set, but {} is; start hosts with ttmesh "
                    "launch",
                    name, kRankVariable));
  }
  return value;
}

int whole_number(const char* name) {
  const std::string text = variable(name);
  const auto number = sim::parse_count(text);
  if (!number) {
    throw std::invalid_argument(fmt::format("[{}] '{}' is no whole number", name, text));
  }
  return *number;
}

/// The place that whoever starts programs of MPI gives this process.
std::optional<mesh::Hosting> hosting_by_ranks(const std::string& transport) {
  const std::optional<RankPlace> place = rank_place();
  if (!place) {
    const bool is_asked = transport == to_string(mesh::TransportKind::Mpi);
    if (is_asked && !has_launcher([](const char* name) { return std::getenv(name); })) refuse_mpi();
    return std::nullopt;
  }
  if (!transport.empty() && transport != to_string(mesh::TransportKind::Mpi)) {
    throw std::invalid_argument(fmt::format(
        "[--transport] {}, but {} has started the {} hosts, which meet over mpi; leave the option "
        "out, or start them with ttmesh launch",
        transport, place->launcher, place->ranks));
  }
  if (!is_built_in(mesh::TransportKind::Mpi)) {
    throw std::invalid_argument(fmt::format(
        "[--transport] {} has started {} processes, but this ttmesh is built without MPI: install "
        "libopenmpi-dev and build it again, or start hosts with ttmesh launch",
        place->launcher, place->ranks));
  }
  const ops::ValuesPath values = ops::values_path();
  return mesh::Hosting{.rank = place->rank,
                       .hosts = place->ranks,
                       .transport = mesh::TransportKind::Mpi,
                       .rank_0 = {},
                       .own = {},
                       .token = {},
                       .values = values.processor,
                       .library = values.library,
                       .note = note,
                       .lost = end_unless_reported};
}

}  // namespace

mesh::TransportKind kind_of(const std::string& address) {
  return mesh::parse_address(address).kind == mesh::Address::Kind::Unix ? mesh::TransportKind::Unix
                                                                        : mesh::TransportKind::Tcp;
}

std::optional<mesh::Hosting> hosting_of(const std::string& transport) {
  if (std::getenv(kRankVariable) == nullptr) return hosting_by_ranks(transport);
  const ops::ValuesPath values = ops::values_path();
  mesh::Hosting hosting{.rank = whole_number(kRankVariable),
                        .hosts = whole_number(kHostsVariable),
                        .rank_0 = variable(kRank0Variable),
                        .own = variable(kOwnVariable),
                        .token = variable(kTokenVariable),
                        .values = values.processor,
                        .library = values.library,
                        .note = note,
                        .lost = end_unless_reported};
  if (hosting.rank >= hosting.hosts) {
    throw std::invalid_argument(fmt::format("[{}] rank {} among {} hosts; ranks are 0 to {}",
                                            kRankVariable, hosting.rank, hosting.hosts,
                                            hosting.hosts - 1));
  }
  hosting.transport = kind_of(hosting.rank_0);
  if (!transport.empty() && transport != to_string(hosting.transport)) {
    throw std::invalid_argument(
        fmt::format("[--transport] {}, but the hosts were started to meet "
                    "over {}",
                    transport, to_string(hosting.transport)));
  }
  if (hosting.hosts == 1) return std::nullopt;
  return hosting;
}

bool serves(const mesh::Topology& topology, const mesh::OpenOptions& options) {
  if (!options.hosting || options.hosting->rank == 0) return false;
  mesh::serve(topology, modules::op_table(), options);
  return true;
}

}  // namespace ttmesh::cli
