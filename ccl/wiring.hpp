#pragma once

#include <optional>
#include <string>

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
  bool in_pieces =
      false;           ///< Links are down and a line is no line any more: payloads take detours.
  std::string note{};  ///< Why lines are not used as asked for; empty if they are.
};

/// Fills in what the options leave open: the only axis with several chips, and the usable links of
/// the system. A ring of two chips is a line; so is one with a link that is down.
/// Throws std::invalid_argument, in the name of `op`, if the axis is out of range or ambiguous, the
/// links are more than join two neighbours, or a ring is wanted where a line is open; mesh::Error
/// (Unreachable) if links that are down leave chips apart.
[[nodiscard]] Wiring resolve_wiring(const char* op, const mesh::MeshDevice& device,
                                    const WiringOptions& options);

/// Whether a device has several rows and several columns.
[[nodiscard]] bool is_plane(const mesh::MeshDevice& device);

/// `wiring` with a tensor dim as attributes of a command.
[[nodiscard]] mesh::Attributes to_attributes(int dim, const Wiring& wiring);

}  // namespace ttmesh::ccl
