#include "mesh/program/perturbation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {
namespace {

using sim::Selector;
using sim::Setting;
using Field = sim::Setting::Field;

/// A channel that settings may yet take down or bring back.
struct Draft {
  Channel channel;
  bool down = false;
};

bool joins(const Edge& edge, const Selector::Pair& pair) {
  return std::minmax(pair.a, pair.b) == std::minmax<int>(edge.a, edge.b);
}

Edge::Kind kind_of(Selector::Group group) {
  switch (group) {
    case Selector::Group::Wrap:
      return Edge::Kind::Wrap;
    case Selector::Group::Express:
      return Edge::Kind::Express;
    case Selector::Group::InterMesh:
      return Edge::Kind::InterMesh;
  }
  return Edge::Kind::Wrap;
}

bool selects(const Selector& selector, const Edge& edge) {
  if (const auto* pair = std::get_if<Selector::Pair>(&selector.which)) return joins(edge, *pair);
  if (const auto* axis = std::get_if<Selector::Axis>(&selector.which)) {
    return edge.axis == axis->cluster_axis;
  }
  if (const auto* one = std::get_if<Selector::One>(&selector.which)) {
    return edge.a == one->chip || edge.b == one->chip;
  }
  if (const auto* group = std::get_if<Selector::Group>(&selector.which)) {
    return edge.kind == kind_of(*group);
  }
  return true;
}

void apply_to(ChannelDirection& direction, const Setting& setting) {
  sim::LinkModel& link = direction.link;
  sim::Disturbance& disturbance = direction.disturbance;
  switch (setting.field) {
    case Field::Latency:
      link.latency = sim::apply(setting, link.latency);
      break;
    case Field::Bandwidth:
      link.bandwidth_bytes_per_s = sim::apply_rate(setting, link.bandwidth_bytes_per_s);
      break;
    case Field::Jitter:
      disturbance.jitter = sim::apply(setting, disturbance.jitter);
      break;
    case Field::Loss:
      disturbance.loss = sim::apply_probability(setting, disturbance.loss);
      break;
    case Field::RetransmitTimeout:
      disturbance.retransmit_timeout = sim::apply(setting, disturbance.retransmit_timeout);
      break;
    case Field::Channels:
    case Field::Down:
    case Field::Slowdown:
    case Field::Dispatch:
      throw std::logic_error("[perturb] the field is none of a channel's direction");
  }
}

void apply_to(Draft& draft, const Setting& setting) {
  if (setting.field == Field::Down) {
    // An end that hears nothing does not train: what is down one way is down both ways.
    draft.down = sim::flag(setting);
    return;
  }
  const auto* pair = std::get_if<Selector::Pair>(&setting.selector.which);
  const bool one_way = pair != nullptr && pair->one_way;
  if (!one_way || pair->a < pair->b) apply_to(draft.channel.forth, setting);
  if (!one_way || pair->a > pair->b) apply_to(draft.channel.back, setting);
}

/// The links of a machine while settings are applied to them.
class LinkDrafts {
 public:
  explicit LinkDrafts(const Machine& machine) : topology_(machine.topology) {
    for (std::size_t edge = 0; edge < topology_.edges.size(); ++edge) {
      std::vector<Draft>& channels = drafts_.emplace_back();
      for (int i = 0; i < topology_.edges[edge].channels; ++i) {
        channels.push_back({machine.channel(static_cast<int>(edge), i)});
      }
    }
  }

  void apply(const Setting& setting) {
    const auto* pair = std::get_if<Selector::Pair>(&setting.selector.which);
    if (setting.field == Field::Channels && pair != nullptr && pair->channel) {
      throw std::invalid_argument("channels is a count of a whole link, not of one channel");
    }
    bool link_found = false;
    bool channel_found = false;
    for (std::size_t edge = 0; edge < drafts_.size(); ++edge) {
      if (!selects(setting.selector, topology_.edges[edge])) continue;
      link_found = true;
      if (setting.field == Field::Channels) {
        channel_found = true;
        resize(drafts_[edge], sim::apply_count(setting, static_cast<int>(drafts_[edge].size())));
        continue;
      }
      for (Draft& draft : drafts_[edge]) {
        if (pair != nullptr && pair->channel && *pair->channel != draft.channel.number) continue;
        channel_found = true;
        apply_to(draft, setting);
      }
    }
    // A machine of one chip has no links, and any setting of all of them holds.
    if (channel_found || std::holds_alternative<Selector::All>(setting.selector.which)) return;
    if (link_found) {
      throw std::invalid_argument(fmt::format(
          "the link has no channel {}; see 'ttmesh topo show {}'", *pair->channel, topology_.name));
    }
    throw std::invalid_argument(fmt::format("selects no link of {}; see 'ttmesh topo show {}'",
                                            topology_.name, topology_.name));
  }

  /// Puts what is up into the machine, and what is down out of it.
  void finish(Machine& machine) const {
    std::vector<Edge> kept;
    machine.channels.clear();
    machine.first_channel.clear();
    int most = 0;
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      Edge edge = topology_.edges[i];
      const auto first = static_cast<int>(machine.channels.size());
      for (const Draft& draft : drafts_[i]) {
        if (!draft.down) machine.channels.push_back(draft.channel);
      }
      const int up = static_cast<int>(machine.channels.size()) - first;
      if (up == 0) {
        machine.down_links.push_back(edge);
        continue;
      }
      edge.channels = up;
      most = std::max(most, up);
      machine.first_channel.push_back(first);
      kept.push_back(edge);
    }
    Topology& topology = machine.topology;
    topology.set_edges(std::move(kept));
    if (most > 0) topology.usable_links = std::min(topology.usable_links, most);
    for (MeshDescription& mesh : topology.meshes) open_rings(topology, mesh);
  }

 private:
  /// Channels that are added are like the last.
  static void resize(std::vector<Draft>& channels, int count) {
    const auto size = static_cast<std::size_t>(count);
    const Draft last = channels.back();
    channels.resize(std::min(size, channels.size()));
    while (channels.size() < size) {
      channels.push_back(last);
      channels.back().channel.number = static_cast<int>(channels.size()) - 1;
    }
  }

  /// Dims of a mesh whose wrap links are all gone are lines.
  static void open_rings(const Topology& topology, MeshDescription& mesh) {
    for (int axis = 0; axis < 2; ++axis) {
      const bool closed =
          std::any_of(topology.edges.begin(), topology.edges.end(), [&](const Edge& edge) {
            return edge.kind == Edge::Kind::Wrap && edge.axis == axis && mesh.owns(edge.a);
          });
      if (mesh.wraps(axis) && !closed) {
        mesh.dim_types[static_cast<std::size_t>(axis)] = DimType::Line;
      }
    }
  }

  const Topology& topology_;                ///< The machine's, until `finish` changes it.
  std::vector<std::vector<Draft>> drafts_;  ///< By edge.
};

void apply_to_chips(const Setting& setting, Machine& machine) {
  const auto* one = std::get_if<Selector::One>(&setting.selector.which);
  const int chips = machine.topology.chip_count();
  if (one != nullptr && (one->chip < 0 || one->chip >= chips)) {
    throw std::invalid_argument(fmt::format("selects chip {}, but {} has chips 0 to {}", one->chip,
                                            machine.topology.name, chips - 1));
  }
  for (int chip = 0; chip < chips; ++chip) {
    if (one != nullptr && one->chip != chip) continue;
    sim::Ratio& slowdown = machine.slowdown[static_cast<std::size_t>(chip)];
    slowdown = sim::apply_factor(setting, slowdown);
    sim::CollectiveModel& workers = machine.slow_workers[chip];
    workers = machine.collective;
    workers.slowdown = slowdown;
  }
}

}  // namespace

void perturb(Machine& machine, const std::vector<Setting>& settings) {
  LinkDrafts links(machine);
  std::vector<Problem> of_files;
  std::string typed;  // The first mistake among arguments.
  for (const Setting& setting : settings) {
    try {
      switch (setting.selector.kind) {
        case Selector::Kind::Link:
          links.apply(setting);
          break;
        case Selector::Kind::Chip:
          apply_to_chips(setting, machine);
          break;
        case Selector::Kind::Host:
          machine.host.dispatch = sim::apply_dispatch(setting, machine.host);
          break;
      }
    } catch (const std::invalid_argument& error) {
      if (setting.origin) {
        const Setting::Origin& origin = *setting.origin;
        of_files.push_back({origin.file, origin.line, origin.field, error.what()});
      } else if (typed.empty()) {
        typed = fmt::format("[--set] '{}': {}", setting.text, error.what());
      }
    }
  }
  if (!of_files.empty()) throw InvalidFile(std::move(of_files));
  if (!typed.empty()) throw std::invalid_argument(typed);
  links.finish(machine);
}

}  // namespace ttmesh::mesh
