#pragma once

#include <vector>

#include "mesh/topology/topology.hpp"
#include "sim/setting.hpp"
#include "sim/system.hpp"

namespace ttmesh::mesh {

/// A topology with the models of its chips and links, settings applied: all that virtual time is a
/// function of besides the program.
struct Machine {
  Topology topology;
  sim::ChipModel chip;
  sim::CollectiveModel collective;
  sim::HostModel host;
  std::vector<sim::LinkModel> links;  ///< By edge of the topology, in its order.
  std::vector<sim::Ratio> slowdown;   ///< By chip: factor on the time of its ops.
  std::vector<Edge> down_links{};     ///< Links that settings took away: not in `topology.edges`.

  /// Index in `topology.edges` of the link between two chips; -1 if there is none.
  int edge_between(ChipId a, ChipId b) const;
  /// Whether settings took the link between two chips away.
  bool is_down(ChipId a, ChipId b) const;
  /// Trace track of a chip's queue, and of one direction of one channel of an edge.
  static int queue_track(ChipId id) { return id; }
  int link_track(int edge, int channel, bool from_lower) const;

  std::vector<int> first_channel;  ///< By edge: number of channels on the edges before it.
};

/// Throws std::invalid_argument if a setting's selector matches nothing in the topology or its
/// value is out of range.
[[nodiscard]] Machine make_machine(Topology topology, const std::vector<sim::Setting>& settings);

}  // namespace ttmesh::mesh
