#pragma once

#include <optional>

#include "ccl/member.hpp"
#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

/// What a caller may say about the chips and links of a collective.
struct WiringOptions {
  std::optional<int> cluster_axis;
  std::optional<int> num_links;
  Topology topology = Topology::Linear;
};

/// The chips and links that a collective uses: lines along one mesh axis.
struct Wiring {
  int cluster_axis;
  int size;  ///< Chips on each line.
  int num_links;
  Topology topology;
};

/// Fills in what the options leave open: the only axis with several chips, and the usable links of
/// the system. A ring of two chips is a line.
/// Throws std::invalid_argument, in the name of `op`, if the axis is out of range or ambiguous, the
/// links are more than join two neighbours, or a ring is wanted where a line is open.
[[nodiscard]] Wiring resolve_wiring(const char* op, const mesh::MeshDevice& device,
                                    const WiringOptions& options);

/// `wiring` with a tensor dim as attributes of a command.
[[nodiscard]] mesh::Attributes to_attributes(int dim, const Wiring& wiring);

/// The place of a chip among those that run a call, by the attributes that `to_attributes` wrote.
[[nodiscard]] Member member_of(const mesh::CollectiveCall& call);

/// How a call uses the chips of its line.
[[nodiscard]] Topology topology_of(const mesh::OpCall& call);

}  // namespace ttmesh::ccl
