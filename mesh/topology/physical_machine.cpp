#include "mesh/topology/physical_machine.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "mesh/topology/cluster.hpp"
#include "mesh/topology/mgd2.hpp"
#include "mesh/topology/rank_bindings.hpp"
#include "mesh/topology/visible_devices.hpp"
#include "mesh/topology/yaml_reader.hpp"

namespace ttmesh::mesh {
namespace {

constexpr const char* kMapping = "rank_to_cluster_mock_cluster_desc";
constexpr const char* kNoCluster =
    "is no cluster descriptor, which has the keys arch and ethernet_connections, nor a mapping of "
    "ranks to such";

struct Position {
  int tray;
  int location;
};

/// A Galaxy's trays have their own ranges of PCI buses, in this order (tt-metal,
/// tt_metal/fabric/control_plane.cpp).
Position galaxy_position(sim::Arch arch, int bus) {
  constexpr std::array<int, 4> kWormhole{0xc0, 0x80, 0x00, 0x40};
  constexpr std::array<int, 4> kBlackhole{0x00, 0x40, 0xc0, 0x80};
  const auto& trays = arch == sim::Arch::Blackhole ? kBlackhole : kWormhole;
  const auto tray = std::find(trays.begin(), trays.end(), bus & 0xf0);
  if (tray == trays.end()) return {0, 0};
  return {static_cast<int>(tray - trays.begin()) + 1, bus & 0x0f};
}

/// Where each chip of a host is, as tt-metal finds it with a descriptor in place of the hardware:
/// trays are known of Galaxies only, and the second chip of a Wormhole board lies behind the first.
std::map<int, Position> positions_of(const ClusterDescription& cluster) {
  std::set<int> galaxy;
  for (const ClusterDescription::Board& board : cluster.boards) {
    if (board.type.starts_with("ubb")) galaxy.insert(board.chips.begin(), board.chips.end());
  }
  std::map<int, Position> positions;
  for (const auto& [chip, line] : cluster.chips) {
    const auto bus = cluster.bus_ids.find(chip);
    const auto location = cluster.asic_locations.find(chip);
    if (galaxy.contains(chip)) {
      positions[chip] = bus == cluster.bus_ids.end() ? Position{0, 0}
                                                     : galaxy_position(cluster.arch, bus->second);
    } else if (cluster.arch == sim::Arch::WormholeB0) {
      positions[chip] = {0, cluster.mmio_chips.contains(chip) ? 0 : 1};
    } else {
      positions[chip] = {0, location == cluster.asic_locations.end() ? 0 : location->second};
    }
  }
  return positions;
}

class Join {
 public:
  explicit Join(const std::vector<ClusterDescription>& hosts) : hosts_(hosts) {}

  PhysicalMachine run() {
    for (const ClusterDescription& host : hosts_) add_chips(host);
    for (std::size_t host = 0; host < hosts_.size(); ++host) add_links(host);
    machine_.graph.links.resize(machine_.chips.size());
    for (const auto& [chips, channels] : channels_) {
      machine_.graph.links[static_cast<std::size_t>(chips.first)].push_back(
          {chips.second, channels});
      machine_.graph.links[static_cast<std::size_t>(chips.second)].push_back(
          {chips.first, channels});
    }
    for (auto& links : machine_.graph.links) {
      std::sort(links.begin(), links.end(),
                [](const auto& x, const auto& y) { return x.to < y.to; });
    }
    return std::move(machine_);
  }

 private:
  void add_chips(const ClusterDescription& cluster) {
    if (machine_.files.empty()) machine_.arch = cluster.arch;
    if (cluster.arch != machine_.arch) {
      throw InvalidFile(
          {{cluster.file, 0, "arch",
            std::string("is ") + std::string(sim::name(cluster.arch)) + ", but " +
                machine_.files.front() + " is " + std::string(sim::name(machine_.arch)) +
                "; the hosts of a machine have one architecture"}});
    }
    const int host = static_cast<int>(machine_.files.size());
    machine_.files.push_back(cluster.file);
    for (const auto& [id, position] : positions_of(cluster)) {
      const int chip = static_cast<int>(machine_.chips.size());
      const auto [known, is_new] = by_unique_id_.emplace(cluster.unique_id(id), chip);
      if (!is_new) {
        const PhysicalMachine::Chip& other =
            machine_.chips[static_cast<std::size_t>(known->second)];
        throw InvalidFile({{cluster.file, 0, "chip_unique_ids",
                            "chip " + std::to_string(id) + " has the unique id of chip " +
                                std::to_string(other.id) + " of " +
                                machine_.files[static_cast<std::size_t>(other.host)] +
                                "; give each host its own descriptor, with unique ids"}});
      }
      chip_of_[{host, id}] = chip;
      machine_.chips.push_back({host, id, position.tray, position.location});
      machine_.host_of.push_back(host);
    }
    if (machine_.chips.size() > static_cast<std::size_t>(kMaxChips)) {
      throw InvalidFile(
          {{cluster.file, 0, "arch",
            "brings the machine to more than " + std::to_string(kMaxChips) + " chips, the limit"}});
    }
  }

  void add_links(std::size_t host) {
    const ClusterDescription& cluster = hosts_[host];
    const auto chip = [&](int id) { return chip_of_.at({static_cast<int>(host), id}); };
    for (const ClusterDescription::LocalLink& link : cluster.links) {
      ++channels_[std::minmax(chip(link.chip_a), chip(link.chip_b))];
    }
    for (const ClusterDescription::RemoteLink& link : cluster.remote_links) {
      const auto far = by_unique_id_.find(link.remote_chip);
      if (far == by_unique_id_.end() || far->second == chip(link.chip)) continue;
      const End near{chip(link.chip), link.channel};
      const End there{far->second, link.remote_channel};
      if (!remote_links_.insert(std::minmax(near, there)).second) continue;
      ++channels_[std::minmax(near.first, there.first)];
    }
  }

  using End = std::pair<int, int>;  ///< Chip and channel.

  const std::vector<ClusterDescription>& hosts_;
  PhysicalMachine machine_;
  std::map<std::uint64_t, int> by_unique_id_;
  std::map<std::pair<int, int>, int> chip_of_;  ///< By host and id.
  std::map<std::pair<int, int>, int> channels_;
  std::set<std::pair<End, End>> remote_links_;
};

/// The descriptors that a mapping of ranks names, each once.
std::vector<std::string> mapped_files(const InputFile& file, const YamlValue& mapping) {
  YamlReader reader(file.path);
  std::vector<std::string> paths;
  if (mapping.kind != YamlValue::Kind::Map && mapping.kind != YamlValue::Kind::Sequence) {
    reader.report(mapping, kMapping, "must map ranks to files, found " + mapping.description());
  } else if (mapping.items.empty()) {
    reader.report(mapping, kMapping, "names no file");
  }
  for (const YamlValue& item : mapping.items) {
    const auto path = reader.word(item, kMapping);
    if (!path) continue;
    const auto found = find_descriptor(*path, file.path);
    if (!found) {
      reader.report(item, kMapping, "Cluster descriptor file does not exist at path: " + *path);
    } else if (std::find(paths.begin(), paths.end(), *found) == paths.end()) {
      paths.push_back(*found);
    }
  }
  reader.finish();
  return paths;
}

}  // namespace

PhysicalMachine join_hosts(const std::vector<ClusterDescription>& hosts) {
  return Join(hosts).run();
}

PhysicalMachine load_machine(const std::vector<std::string>& paths, const MachineOptions& options) {
  const std::optional<std::string> visible =
      options.visible_devices ? options.visible_devices : visible_devices_from_environment();
  std::vector<ClusterDescription> hosts;
  const auto add = [&](const InputFile& file, const YamlValue& document) {
    if (!looks_like_cluster(document)) throw InvalidFile({{file.path, 0, "", kNoCluster}});
    hosts.push_back(read_cluster_description(file, document));
    if (visible) hosts.back() = keep_visible(hosts.back(), *visible);
  };
  for (const std::string& path : paths) {
    const InputFile file = read_input_file(path);
    if (looks_like_mgd2(file.text)) throw InvalidFile({{path, 0, "", kNoCluster}});
    const YamlValue document = parse_yaml(file);
    const YamlValue* mapping = document.find(kMapping);
    if (mapping == nullptr) {
      add(file, document);
      continue;
    }
    for (const std::string& mapped : mapped_files(file, *mapping)) {
      const InputFile host = read_input_file(mapped);
      add(host, parse_yaml(host));
    }
  }
  return join_hosts(hosts);
}

}  // namespace ttmesh::mesh
