#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "mesh/topology/topology.hpp"
#include "sim/disturbance.hpp"
#include "sim/setting.hpp"
#include "sim/system.hpp"

namespace ttmesh::mesh {

/// One direction of a channel.
struct ChannelDirection {
  sim::LinkModel link;
  sim::Disturbance disturbance{};
};

/// One channel between two chips.
struct Channel {
  int number = 0;          ///< Among those between its chips, the ones that are down included.
  ChannelDirection forth;  ///< From the chip with the lower id to the other one.
  ChannelDirection back;

  const ChannelDirection& direction(bool from_lower) const { return from_lower ? forth : back; }
};

/// A topology with the models of its chips and links, settings applied: all that virtual time is a
/// function of besides the program.
struct Machine {
  Topology topology;  ///< Without what settings took down: links, and channels of links.
  sim::ChipModel chip;
  sim::CollectiveModel collective;
  sim::HostModel host;
  std::vector<Channel> channels{};     ///< Of one edge of the topology after the other.
  std::vector<int> first_channel{};    ///< By edge: number of channels on the edges before it.
  std::vector<sim::Ratio> slowdown{};  ///< By chip: factor on the time of its ops and workers.
  std::map<ChipId, sim::CollectiveModel> slow_workers{};  ///< Of chips that settings made slower.
  std::vector<Edge> down_links{};  ///< Links that settings took away: not in `topology.edges`.
  std::uint64_t seed = 0;          ///< Of jitter and loss.

  /// Index in `topology.edges` of the link between two chips; -1 if there is none.
  int edge_between(ChipId a, ChipId b) const;
  /// Channel `index` of an edge, from 0 to the edge's `channels`.
  const Channel& channel(int edge, int index) const {
    const int at = first_channel[static_cast<std::size_t>(edge)] + index;
    return channels[static_cast<std::size_t>(at)];
  }
  /// What the workers of a chip cost.
  const sim::CollectiveModel& workers_of(ChipId id) const {
    const auto slow = slow_workers.find(id);
    return slow == slow_workers.end() ? collective : slow->second;
  }
  /// Whether settings took the link between two chips away.
  bool is_down(ChipId a, ChipId b) const;
  /// Trace track of a chip's queue, and of one direction of one channel of an edge.
  static int queue_track(ChipId id) { return id; }
  int link_track(int edge, int channel, bool from_lower) const;
};

/// The machine that a topology's system makes of it, settings applied in their order. A dim whose
/// wrap links are all down becomes a line; `usable_links` sinks to what the best link has.
/// Throws as `perturb` does.
[[nodiscard]] Machine make_machine(Topology topology, const std::vector<sim::Setting>& settings,
                                   std::uint64_t seed = 0);

}  // namespace ttmesh::mesh
