#include "mesh/program/machine.hpp"

#include <algorithm>
#include <utility>

#include "mesh/program/perturbation.hpp"

namespace ttmesh::mesh {

int Machine::edge_between(ChipId a, ChipId b) const {
  const auto [low, high] = std::minmax(a, b);
  const auto& edges = topology.edges;
  const auto edge = std::lower_bound(
      edges.begin(), edges.end(), std::pair(low, high),
      [](const Edge& each, const auto& pair) { return std::pair(each.a, each.b) < pair; });
  if (edge == edges.end() || edge->a != low || edge->b != high) return -1;
  return static_cast<int>(edge - edges.begin());
}

bool Machine::is_down(ChipId a, ChipId b) const {
  const auto [low, high] = std::minmax(a, b);
  return std::any_of(
      down_links.begin(), down_links.end(),
      [low = low, high = high](const Edge& each) { return each.a == low && each.b == high; });
}

int Machine::link_track(int edge, int channel, bool from_lower) const {
  const int index = first_channel[static_cast<std::size_t>(edge)] + channel;
  return topology.chip_count() + 2 * index + (from_lower ? 0 : 1);
}

Machine make_machine(Topology topology, const std::vector<sim::Setting>& settings,
                     std::uint64_t seed) {
  const sim::System& system = sim::find_system(topology.system);
  sim::LinkModel link = system.link;
  if (topology.link.latency) link.latency = *topology.link.latency;
  if (topology.link.bandwidth_bytes_per_s) {
    link.bandwidth_bytes_per_s = *topology.link.bandwidth_bytes_per_s;
  }

  Machine machine{.topology = std::move(topology),
                  .chip = system.chip,
                  .collective = system.collective,
                  .host = system.host,
                  .seed = seed};
  for (const Edge& edge : machine.topology.edges) {
    machine.first_channel.push_back(static_cast<int>(machine.channels.size()));
    for (int number = 0; number < edge.channels; ++number) {
      machine.channels.push_back({.number = number, .forth = {link}, .back = {link}});
    }
  }
  machine.slowdown.resize(static_cast<std::size_t>(machine.topology.chip_count()));
  if (!settings.empty()) perturb(machine, settings);
  return machine;
}

}  // namespace ttmesh::mesh
