#include "mesh/program/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

using sim::Selector;
using sim::Setting;

bool selects(const Selector& selector, const Edge& edge) {
  if (const auto* pair = std::get_if<Selector::Pair>(&selector.which)) {
    return std::minmax(pair->a, pair->b) == std::minmax<int>(edge.a, edge.b);
  }
  if (const auto* axis = std::get_if<Selector::Axis>(&selector.which)) {
    return edge.axis == axis->cluster_axis;
  }
  return true;
}

void apply_to_links(const Setting& setting, Machine& machine) {
  bool matched = false;
  for (std::size_t i = 0; i < machine.links.size(); ++i) {
    if (!selects(setting.selector, machine.topology.edges[i])) continue;
    matched = true;
    sim::LinkModel& link = machine.links[i];
    if (setting.field == "latency") {
      link.latency = sim::apply(setting, link.latency);
    } else {
      link.bandwidth_bytes_per_s = sim::apply_rate(setting, link.bandwidth_bytes_per_s);
    }
  }
  if (!matched && !std::holds_alternative<Selector::All>(setting.selector.which)) {
    throw std::invalid_argument(
        fmt::format("[--set] '{}' selects no link of {}; see 'ttmesh topo show {}'", setting.text,
                    machine.topology.name, machine.topology.name));
  }
}

void apply_to_chips(const Setting& setting, Machine& machine) {
  const int chips = machine.topology.chip_count();
  if (const auto* one = std::get_if<Selector::One>(&setting.selector.which)) {
    if (one->chip < 0 || one->chip >= chips) {
      throw std::invalid_argument(
          fmt::format("[--set] '{}' selects chip {}, but {} has chips 0 to {}", setting.text,
                      one->chip, machine.topology.name, chips - 1));
    }
    sim::Ratio& slowdown = machine.slowdown[static_cast<std::size_t>(one->chip)];
    slowdown = sim::apply_factor(setting, slowdown);
    return;
  }
  for (sim::Ratio& slowdown : machine.slowdown) slowdown = sim::apply_factor(setting, slowdown);
}

}  // namespace

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

Machine make_machine(Topology topology, const std::vector<Setting>& settings) {
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
                  .links = {},
                  .slowdown = {},
                  .first_channel = {}};
  int channels = 0;
  for (const Edge& edge : machine.topology.edges) {
    machine.links.push_back(link);
    machine.first_channel.push_back(channels);
    channels += edge.channels;
  }
  machine.slowdown.resize(static_cast<std::size_t>(machine.topology.chip_count()));
  for (const Setting& setting : settings) {
    switch (setting.selector.kind) {
      case Selector::Kind::Link:
        apply_to_links(setting, machine);
        break;
      case Selector::Kind::Chip:
        apply_to_chips(setting, machine);
        break;
      case Selector::Kind::Host:
        machine.host.dispatch = sim::apply_dispatch(setting, machine.host);
        break;
    }
  }
  return machine;
}

}  // namespace ttmesh::mesh
