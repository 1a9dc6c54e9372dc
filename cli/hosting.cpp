#include "cli/hosting.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

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

}  // namespace

std::optional<mesh::Hosting> hosting_from_environment() {
  if (std::getenv(kRankVariable) == nullptr) return std::nullopt;
  mesh::Hosting hosting{.rank = whole_number(kRankVariable),
                        .hosts = whole_number(kHostsVariable),
                        .rank_0 = variable(kRank0Variable),
                        .own = variable(kOwnVariable),
                        .token = variable(kTokenVariable),
                        .values = std::string(ops::matmul_cpu_path())};
  if (hosting.rank >= hosting.hosts) {
    throw std::invalid_argument(fmt::format("[{}] rank {} among {} hosts; ranks are 0 to {}",
                                            kRankVariable, hosting.rank, hosting.hosts,
                                            hosting.hosts - 1));
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
