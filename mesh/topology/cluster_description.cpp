#include "mesh/topology/cluster_description.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "mesh/topology/yaml_reader.hpp"

namespace ttmesh::mesh {
namespace {

constexpr IntRange kIds{0, 1'000'000'000};
constexpr IntRange kChannels{0, 63};

/// One end of a link: chip and channel.
using End = std::pair<int, int>;

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return "0x" + std::string(digits.data(), end);
}

class Document {
 public:
  Document(const InputFile& file, const YamlValue& root) : reader_(file.path), root_(root) {}

  ClusterDescription read() {
    if (reader_.expect_map(root_, "")) {
      warn_of_unknown_keys();
      read_arch();
      read_coordinates();
      read_mmio();
      read_links();
      read_remote_links();
      read_boards();
      read_harvesting();
      read_unique_ids();
      read_buses();
    }
    reader_.finish();
    return std::move(description_);
  }

 private:
  void warn(const YamlValue& at, const std::string& field, const std::string& what) {
    constexpr std::size_t kMaxWarnings = 100;
    if (description_.warnings.size() == kMaxWarnings) return;
    description_.warnings.push_back({reader_.file(), at.line, field, what});
  }

  void warn_of_unknown_keys() {
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
    for (const YamlValue& key : root_.keys) {
      if (std::find(kKnown.begin(), kKnown.end(), key.text) != kKnown.end()) continue;
      warn(key, key.text, "unknown key, ignored");
    }
  }

  /// The chip that a key or value names; reports one that `arch` does not list.
  std::optional<int> chip(const YamlValue& value, const std::string& field) {
    const auto id = reader_.integer(value, field, kIds);
    if (!id || description_.chips.contains(*id)) return id;
    reader_.report(value, field, "chip " + std::to_string(*id) + " is not listed under arch");
    return std::nullopt;
  }

  void read_arch() {
    const YamlValue* arch = reader_.required(root_, "", "arch");
    if (arch == nullptr || !reader_.expect_map(*arch, "arch")) return;
    if (arch->keys.empty()) reader_.report(*arch, "arch", "lists no chips");
    if (arch->keys.size() > static_cast<std::size_t>(kMaxChips)) {
      reader_.report(*arch, "arch",
                     "lists more than " + std::to_string(kMaxChips) + " chips, the limit");
      return;
    }
    std::optional<sim::Arch> common;
    for (std::size_t i = 0; i < arch->keys.size(); ++i) {
      const auto id = reader_.integer(arch->keys[i], "arch", kIds);
      const YamlValue& value = arch->items[i];
      std::optional<sim::Arch> found;
      if (value.text == "wormhole_b0" || value.text == "Wormhole") {
        found = sim::Arch::WormholeB0;
      } else if (value.text == "blackhole" || value.text == "Blackhole") {
        found = sim::Arch::Blackhole;
      } else {
        reader_.report(value, "arch",
                       "must be wormhole_b0 or blackhole, found " + value.description());
      }
      if (id) description_.chips.emplace(*id, arch->keys[i].line);
      if (!found) continue;
      if (!common) common = found;
      if (found != common) {
        reader_.report(value, "arch",
                       "Chips with differing architectures detected. This is unsupported.");
      }
    }
    if (common) description_.arch = *common;
  }

  void read_coordinates() {
    const YamlValue* chips = root_.find("chips");
    if (chips == nullptr || chips->kind == YamlValue::Kind::Null) return;
    if (!reader_.expect_map(*chips, "chips")) return;
    for (std::size_t i = 0; i < chips->keys.size(); ++i) {
      chip(chips->keys[i], "chips");
      const YamlValue& value = chips->items[i];
      if (value.kind != YamlValue::Kind::Sequence || value.items.size() != 4) {
        reader_.report(value, "chips", "Galaxy (x, y, rack, shelf) coords must be size 4");
        continue;
      }
      for (const YamlValue& each : value.items) reader_.integer(each, "chips", {-1, 1'000'000});
    }
  }

  void read_mmio() {
    const YamlValue* list = reader_.required(root_, "", "chips_with_mmio");
    if (list == nullptr || !reader_.expect_sequence(*list, "chips_with_mmio")) return;
    for (const YamlValue& entry : list->items) {
      if (entry.kind == YamlValue::Kind::Map) {
        for (std::size_t i = 0; i < entry.keys.size(); ++i) {
          add_mmio(entry.keys[i]);
          reader_.integer(entry.items[i], "chips_with_mmio", kIds);
        }
      } else {
        add_mmio(entry);
      }
    }
  }

  void add_mmio(const YamlValue& value) {
    if (const auto id = chip(value, "chips_with_mmio")) description_.mmio_chips.insert(*id);
  }

  void read_links() {
    const YamlValue* list = reader_.required(root_, "", "ethernet_connections");
    if (list == nullptr || list->kind == YamlValue::Kind::Null) return;
    if (!reader_.expect_sequence(*list, "ethernet_connections")) return;
    std::map<End, End> peers;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const YamlValue& entry = list->items[i];
      const std::string field = field_path("ethernet_connections", i);
      if (entry.kind != YamlValue::Kind::Sequence || entry.items.size() < 2 ||
          entry.items.size() > 3) {
        reader_.report(entry, field,
                       "Ethernet connections in YAML should always contain information on "
                       "connected endpoints and optionally information on whether routing is "
                       "enabled.");
        continue;
      }
      const auto a = read_end(entry.items[0], field);
      const auto b = read_end(entry.items[1], field);
      if (a && b) add_link(entry, field, *a, *b, peers);
    }
  }

  std::optional<End> read_end(const YamlValue& value, const std::string& field) {
    if (!reader_.expect_map(value, field)) return std::nullopt;
    const YamlValue* id = reader_.required(value, field, "chip");
    const YamlValue* channel = reader_.required(value, field, "chan");
    if (id == nullptr || channel == nullptr) return std::nullopt;
    const auto number = chip(*id, field_path(field, "chip"));
    const auto at = reader_.integer(*channel, field_path(field, "chan"), kChannels);
    if (!number || !at) return std::nullopt;
    return End{*number, *at};
  }

  /// A link may be listed again, from either end, but a channel leads to one other only.
  void add_link(const YamlValue& at, const std::string& field, const End& a, const End& b,
                std::map<End, End>& peers) {
    if (a.first == b.first) {
      reader_.report(at, field, "joins chip " + std::to_string(a.first) + " to itself");
      return;
    }
    const auto [from_a, new_a] = peers.emplace(a, b);
    const auto [from_b, new_b] = peers.emplace(b, a);
    if (from_a->second != b || from_b->second != a) {
      reader_.report(at, field, "Duplicate eth connection found in cluster desc yaml");
      return;
    }
    if (new_a && new_b) ++description_.links[std::minmax(a.first, b.first)];
  }

  void read_remote_links() {
    const std::string field = "ethernet_connections_to_remote_devices";
    const YamlValue* list = root_.find(field);
    if (list == nullptr || list->kind == YamlValue::Kind::Null) return;
    if (!reader_.expect_sequence(*list, field)) return;
    for (const YamlValue& entry : list->items) {
      if (entry.kind != YamlValue::Kind::Sequence || entry.items.size() < 2 ||
          entry.items.size() > 3) {
        reader_.report(entry, field,
                       "Remote ethernet connections in YAML should always contain information on "
                       "connected endpoints and optionally information on whether routing is "
                       "enabled.");
        continue;
      }
      read_end(entry.items[0], field);
      const YamlValue& far = entry.items[1];
      if (!reader_.expect_map(far, field)) continue;
      const YamlValue* id = reader_.required(far, field, "remote_chip_id");
      const YamlValue* channel = reader_.required(far, field, "chan");
      if (id != nullptr) reader_.unsigned_integer(*id, field);
      if (channel != nullptr) reader_.integer(*channel, field, kChannels);
      ++description_.remote_links;
    }
  }

  void read_boards() {
    const YamlValue* list = root_.find("boards");
    if (list == nullptr || list->kind == YamlValue::Kind::Null) return;
    if (list->kind != YamlValue::Kind::Sequence) {
      reader_.report(*list, "boards", "Invalid or missing 'boards' node.");
      return;
    }
    std::map<int, std::uint64_t> board_of;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const YamlValue& entry = list->items[i];
      const std::string field = field_path("boards", i);
      const bool maps = entry.kind == YamlValue::Kind::Sequence && entry.items.size() == 3;
      const YamlValue* id = maps ? entry.items[0].find("board_id") : nullptr;
      const YamlValue* type = maps ? entry.items[1].find("board_type") : nullptr;
      const YamlValue* chips = maps ? entry.items[2].find("chips") : nullptr;
      if (id == nullptr || type == nullptr || chips == nullptr) {
        reader_.report(entry, field, "Each board entry should be a sequence of 3 maps.");
        continue;
      }
      const auto number = reader_.unsigned_integer(*id, field_path(field, "board_id"));
      if (!number || !reader_.expect_sequence(*chips, field_path(field, "chips"))) continue;
      check_board_type(*type, field_path(field, "board_type"));
      ClusterDescription::Board board{*number, type->text, {}};
      for (const YamlValue& each : chips->items) {
        const auto member = chip(each, field_path(field, "chips"));
        if (!member) continue;
        board.chips.push_back(*member);
        const auto [known, is_new] = board_of.emplace(*member, *number);
        if (is_new) continue;
        reader_.report(each, field_path(field, "chips"),
                       "Chip " + std::to_string(*member) + " is already mapped to board " +
                           hexadecimal(known->second));
      }
      description_.boards.push_back(std::move(board));
    }
  }

  void check_board_type(const YamlValue& type, const std::string& field) {
    constexpr std::array<std::string_view, 9> kKnown{
        "n150", "n300", "p100", "p150", "p300", "ubb", "ubb_blackhole", "ubb_wormhole", "quasar"};
    if (std::find(kKnown.begin(), kKnown.end(), type.text) != kKnown.end()) return;
    warn(type, field, "Unknown board type " + type.description());
  }

  void read_harvesting() {
    const YamlValue* map = root_.find("harvesting");
    if (map == nullptr || map->kind == YamlValue::Kind::Null) return;
    if (!reader_.expect_map(*map, "harvesting")) return;
    for (std::size_t i = 0; i < map->keys.size(); ++i) {
      const auto id = chip(map->keys[i], "harvesting");
      const YamlValue& value = map->items[i];
      if (!reader_.expect_map(value, "harvesting")) continue;
      for (std::size_t j = 0; j < value.keys.size(); ++j) {
        const std::string field = field_path("harvesting", value.keys[j].text.substr(0, 60));
        if (value.keys[j].text == "noc_translation") {
          reader_.boolean(value.items[j], field);
          continue;
        }
        const auto mask = reader_.unsigned_integer(value.items[j], field);
        if (id && mask && value.keys[j].text == "harvest_mask") {
          description_.harvested_rows[*id] = std::popcount(*mask);
        }
      }
    }
  }

  void read_unique_ids() {
    const YamlValue* map = root_.find("chip_unique_ids");
    if (map == nullptr || map->kind == YamlValue::Kind::Null) return;
    if (!reader_.expect_map(*map, "chip_unique_ids")) return;
    for (std::size_t i = 0; i < map->keys.size(); ++i) {
      chip(map->keys[i], "chip_unique_ids");
      reader_.unsigned_integer(map->items[i], "chip_unique_ids");
    }
  }

  void read_buses() {
    const YamlValue* buses = root_.find("chip_to_bus_id");
    if (buses != nullptr && buses->kind == YamlValue::Kind::Map) {
      for (std::size_t i = 0; i < buses->keys.size(); ++i) {
        chip(buses->keys[i], "chip_to_bus_id");
        if (buses->items[i].text.starts_with("0x")) continue;
        reader_.report(buses->items[i], "chip_to_bus_id",
                       "Bus string without 0x prefix for chip " + buses->keys[i].text + ": \"" +
                           buses->items[i].text.substr(0, 60) + "\"");
      }
    }
    const YamlValue* bdfs = root_.find("chip_pci_bdfs");
    if (bdfs == nullptr || bdfs->kind != YamlValue::Kind::Map) return;
    for (const YamlValue& key : bdfs->keys) {
      const auto id = chip(key, "chip_pci_bdfs");
      if (!id || description_.mmio_chips.contains(*id)) continue;
      reader_.report(key, "chip_pci_bdfs",
                     "Chip " + key.text + " has PCI BDF specified but is not MMIO mapped.");
    }
  }

  YamlReader reader_;
  const YamlValue& root_;
  ClusterDescription description_;
};

}  // namespace

ClusterDescription read_cluster_description(const InputFile& file, const YamlValue& document) {
  return Document(file, document).read();
}

}  // namespace ttmesh::mesh
