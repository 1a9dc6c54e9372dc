#include "mesh/topology/cluster_description.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "mesh/topology/cluster_reader.hpp"

namespace ttmesh::mesh {
namespace {

constexpr IntRange kIds{0, 1'000'000'000};

void warn_of_unknown_keys(ClusterReader& reader) {
  constexpr std::array<std::string_view, 12> kKnown{"arch",
                                                    "chips",
                                                    "ethernet_connections",
                                                    "chips_with_mmio",
                                                    "harvesting",
                                                    "boards",
                                                    "chip_unique_ids",
                                                    "ethernet_connections_to_remote_devices",
                                                    "io_device_type",
                                                    "chip_to_bus_id",
                                                    "asic_locations",
                                                    "chip_pci_bdfs"};
  for (const YamlValue& key : reader.root.keys) {
    if (std::find(kKnown.begin(), kKnown.end(), key.text) != kKnown.end()) continue;
    reader.warn(key, key.text, "unknown key, ignored");
  }
}

std::optional<sim::Arch> arch_named(const std::string& text) {
  if (text == "wormhole_b0" || text == "Wormhole") return sim::Arch::WormholeB0;
  if (text == "blackhole" || text == "Blackhole") return sim::Arch::Blackhole;
  return std::nullopt;
}

void read_arch(ClusterReader& reader) {
  YamlReader& yaml = reader.yaml;
  const YamlValue* arch = yaml.required(reader.root, "", "arch");
  if (arch == nullptr || !yaml.expect_map(*arch, "arch")) return;
  if (arch->keys.empty()) yaml.report(*arch, "arch", "lists no chips");
  if (arch->keys.size() > static_cast<std::size_t>(kMaxChips)) {
    yaml.report(*arch, "arch",
                "lists more than " + std::to_string(kMaxChips) + " chips, the limit");
    return;
  }
  std::optional<sim::Arch> common;
  for (std::size_t i = 0; i < arch->keys.size(); ++i) {
    const auto id = yaml.integer(arch->keys[i], "arch", kIds);
    const YamlValue& value = arch->items[i];
    if (id) reader.description.chips.emplace(*id, arch->keys[i].line);
    const std::optional<sim::Arch> found = arch_named(value.text);
    if (!found) {
      yaml.report(value, "arch", "must be wormhole_b0 or blackhole, found " + value.description());
      continue;
    }
    if (!common) common = found;
    if (found != common) {
      yaml.report(value, "arch",
                  "Chips with differing architectures detected. This is unsupported.");
    }
  }
  if (common) reader.description.arch = *common;
}

void read_coordinates(ClusterReader& reader) {
  const YamlValue* chips = reader.find("chips");
  if (chips == nullptr || !reader.yaml.expect_map(*chips, "chips")) return;
  for (std::size_t i = 0; i < chips->keys.size(); ++i) {
    reader.chip(chips->keys[i], "chips");
    const YamlValue& value = chips->items[i];
    if (value.kind != YamlValue::Kind::Sequence || value.items.size() != 4) {
      reader.yaml.report(value, "chips", "Galaxy (x, y, rack, shelf) coords must be size 4");
      continue;
    }
    for (const YamlValue& each : value.items) reader.yaml.integer(each, "chips", {-1, 1'000'000});
  }
}

void read_mmio(ClusterReader& reader) {
  const std::string field = "chips_with_mmio";
  const YamlValue* list = reader.yaml.required(reader.root, "", field);
  if (list == nullptr || !reader.yaml.expect_sequence(*list, field)) return;
  const auto add = [&](const YamlValue& value) {
    if (const auto id = reader.chip(value, field)) reader.description.mmio_chips.insert(*id);
  };
  for (const YamlValue& entry : list->items) {
    if (entry.kind != YamlValue::Kind::Map) {
      add(entry);
      continue;
    }
    for (std::size_t i = 0; i < entry.keys.size(); ++i) {
      add(entry.keys[i]);
      reader.yaml.integer(entry.items[i], field, kIds);
    }
  }
}

void read_harvesting(ClusterReader& reader) {
  const YamlValue* map = reader.find("harvesting");
  if (map == nullptr || !reader.yaml.expect_map(*map, "harvesting")) return;
  for (std::size_t i = 0; i < map->keys.size(); ++i) {
    const auto id = reader.chip(map->keys[i], "harvesting");
    const YamlValue& value = map->items[i];
    if (!reader.yaml.expect_map(value, "harvesting")) continue;
    for (std::size_t j = 0; j < value.keys.size(); ++j) {
      const std::string field = field_path("harvesting", value.keys[j].text.substr(0, 60));
      if (value.keys[j].text == "noc_translation") {
        reader.yaml.boolean(value.items[j], field);
        continue;
      }
      const auto mask = reader.yaml.unsigned_integer(value.items[j], field);
      if (id && mask && value.keys[j].text == "harvest_mask") {
        reader.description.harvested_rows[*id] = std::popcount(*mask);
      }
    }
  }
}

void read_unique_ids(ClusterReader& reader) {
  const YamlValue* map = reader.find("chip_unique_ids");
  if (map == nullptr || !reader.yaml.expect_map(*map, "chip_unique_ids")) return;
  for (std::size_t i = 0; i < map->keys.size(); ++i) {
    const auto id = reader.chip(map->keys[i], "chip_unique_ids");
    const auto unique = reader.yaml.unsigned_integer(map->items[i], "chip_unique_ids");
    if (id && unique) reader.description.unique_ids.emplace(*id, *unique);
  }
}

void read_locations(ClusterReader& reader) {
  const YamlValue* map = reader.find("asic_locations");
  if (map == nullptr || !reader.yaml.expect_map(*map, "asic_locations")) return;
  for (std::size_t i = 0; i < map->keys.size(); ++i) {
    const auto id = reader.chip(map->keys[i], "asic_locations");
    const auto location = reader.yaml.integer(map->items[i], "asic_locations", {0, 255});
    if (id && location) reader.description.asic_locations.emplace(*id, *location);
  }
}

void read_buses(ClusterReader& reader) {
  const YamlValue* buses = reader.find("chip_to_bus_id");
  if (buses == nullptr || !reader.yaml.expect_map(*buses, "chip_to_bus_id")) return;
  for (std::size_t i = 0; i < buses->keys.size(); ++i) {
    const auto id = reader.chip(buses->keys[i], "chip_to_bus_id");
    YamlValue value = buses->items[i];
    if (!value.text.starts_with("0x")) {
      reader.yaml.report(value, "chip_to_bus_id",
                         "Bus string without 0x prefix for chip " + buses->keys[i].text + ": \"" +
                             value.text.substr(0, 60) + "\"");
      continue;
    }
    value.quoted = false;  // Real files put quotes around these numbers.
    const auto bus = reader.yaml.integer(value, "chip_to_bus_id", {0, 0xffff});
    if (id && bus) reader.description.bus_ids.emplace(*id, *bus);
  }
}

void read_pci_addresses(ClusterReader& reader) {
  const YamlValue* map = reader.find("chip_pci_bdfs");
  if (map == nullptr || !reader.yaml.expect_map(*map, "chip_pci_bdfs")) return;
  for (std::size_t i = 0; i < map->keys.size(); ++i) {
    const YamlValue& key = map->keys[i];
    const auto id = reader.chip(key, "chip_pci_bdfs");
    if (!id) continue;
    reader.description.pci_addresses.emplace(*id, map->items[i].text);
    if (reader.description.mmio_chips.contains(*id)) continue;
    reader.yaml.report(key, "chip_pci_bdfs",
                       "Chip " + key.text + " has PCI BDF specified but is not MMIO mapped.");
  }
}

}  // namespace

void ClusterReader::warn(const YamlValue& at, const std::string& field, const std::string& what) {
  constexpr std::size_t kMaxWarnings = 100;
  if (description.warnings.size() == kMaxWarnings) return;
  description.warnings.push_back({yaml.file(), at.line, field, what});
}

std::optional<int> ClusterReader::chip(const YamlValue& value, const std::string& field) {
  const auto id = yaml.integer(value, field, kIds);
  if (!id || description.chips.contains(*id)) return id;
  yaml.report(value, field, "chip " + std::to_string(*id) + " is not listed under arch");
  return std::nullopt;
}

const YamlValue* ClusterReader::find(std::string_view key) const {
  const YamlValue* value = root.find(key);
  return value == nullptr || value->kind == YamlValue::Kind::Null ? nullptr : value;
}

std::uint64_t ClusterDescription::unique_id(int chip) const {
  const auto stated = unique_ids.find(chip);
  return stated != unique_ids.end() ? stated->second : static_cast<std::uint64_t>(chip) << 32;
}

std::map<std::pair<int, int>, int> ClusterDescription::channels() const {
  std::map<std::pair<int, int>, int> result;
  for (const LocalLink& link : links) ++result[std::minmax(link.chip_a, link.chip_b)];
  return result;
}

ClusterDescription read_cluster_description(const InputFile& file, const YamlValue& document) {
  ClusterReader reader{YamlReader(file.path), document};
  reader.description.file = file.path;
  if (reader.yaml.expect_map(document, "")) {
    warn_of_unknown_keys(reader);
    read_arch(reader);
    read_coordinates(reader);
    read_mmio(reader);
    read_cluster_links(reader);
    read_cluster_boards(reader);
    read_harvesting(reader);
    read_unique_ids(reader);
    read_locations(reader);
    read_buses(reader);
    read_pci_addresses(reader);
  }
  reader.yaml.finish();
  return std::move(reader.description);
}

}  // namespace ttmesh::mesh
