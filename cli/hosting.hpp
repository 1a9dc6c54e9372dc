#pragma once

#include <optional>
#include <string>

#include "mesh/actors/hosting.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::cli {

/// Names of the environment by which `ttmesh launch` tells a host its place.
inline constexpr const char* kRankVariable = "TTMESH_RANK";
inline constexpr const char* kHostsVariable = "TTMESH_HOSTS";
inline constexpr const char* kRank0Variable = "TTMESH_RANK0_ADDRESS";
inline constexpr const char* kOwnVariable = "TTMESH_ADDRESS";
inline constexpr const char* kTokenVariable = "TTMESH_TOKEN";

/// This process's place among the hosts of a run, as the environment says; nothing if it is alone.
/// `transport` is what the user asked for, or empty.
/// Throws std::invalid_argument if the environment says something that cannot be, or hosts that
/// were started for another transport.
[[nodiscard]] std::optional<mesh::Hosting> hosting_of(const std::string& transport);

/// What carries messages to a socket's address, "unix:PATH" or "tcp:HOST:PORT".
[[nodiscard]] mesh::TransportKind kind_of(const std::string& address);

/// Serves as another host than rank 0 if this process is one; then the run has nothing else to do
/// here.
[[nodiscard]] bool serves(const mesh::Topology& topology, const mesh::OpenOptions& options);

}  // namespace ttmesh::cli
