#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mesh/topology/cluster_description.hpp"
#include "mesh/topology/embedding.hpp"
#include "mesh/topology/yaml_value.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::mesh {

/// Chips and cables of real hosts, as their cluster descriptors record them.
struct PhysicalMachine {
  struct Chip {
    int host;      ///< Position in `files`.
    int id;        ///< In its cluster descriptor.
    int tray;      ///< What pinnings call `tray_id`: of a Galaxy, counted from 1; else 0.
    int location;  ///< And `asic_location`: the chip's place on the tray or board.
  };

  sim::Arch arch = sim::Arch::WormholeB0;
  std::vector<std::string> files;  ///< Cluster descriptors, one a host.
  std::vector<Chip> chips;         ///< Host by host, ascending by id.
  ChannelGraph graph;              ///< Links within and between the hosts.
  std::vector<int> host_of;        ///< By chip: its host.
};

/// Joins the descriptors of several hosts by the unique ids of their chips. A link between two
/// hosts counts once, whether one or both list it; one that leads to no chip here is left out.
/// Throws mesh::InvalidFile if the architectures differ, two hosts have the same chip, or there are
/// more than kMaxChips.
[[nodiscard]] PhysicalMachine join_hosts(const std::vector<ClusterDescription>& hosts);

struct MachineOptions {
  /// Chips of each host to keep, as in TT_VISIBLE_DEVICES; unset: that variable's own.
  std::optional<std::string> visible_devices;
};

/// The machine that files describe: cluster descriptors, or tt-run's mapping of ranks to such
/// (`rank_to_cluster_mock_cluster_desc`). Several ranks may share a descriptor.
/// Throws mesh::InvalidFile with every mistake of the first file that has any.
[[nodiscard]] PhysicalMachine load_machine(const std::vector<std::string>& paths,
                                           const MachineOptions& options = {});

}  // namespace ttmesh::mesh
