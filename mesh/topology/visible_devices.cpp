#include "mesh/topology/visible_devices.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ttmesh::mesh {
namespace {

std::vector<std::string> items_of(const std::string& list) {
  std::vector<std::string> items;
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    std::string_view item = std::string_view(list).substr(begin, end - begin);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    items.emplace_back(item);
    begin = end + 1;
  }
  return items;
}

/// Finds the chips that the list names.
class Selection {
 public:
  explicit Selection(const ClusterDescription& cluster) : cluster_(cluster) {}

  std::set<int> select(const std::string& devices) {
    for (const std::string& item : items_of(devices)) select_item(item);
    if (!problems_.empty()) throw InvalidFile(std::move(problems_));
    return std::move(chips_);
  }

 private:
  void select_item(const std::string& item) {
    const bool digits = !item.empty() && item.find_first_not_of("0123456789") == std::string::npos;
    if (digits) {
      select_id(item);
    } else if (item.find(':') != std::string::npos && item.find('.') != std::string::npos) {
      select_address(item);
    } else {
      refuse("Invalid device identifier", item);
    }
  }

  void select_id(const std::string& item) {
    int id = 0;
    const auto [stop, error] = std::from_chars(item.data(), item.data() + item.size(), id);
    if (error == std::errc() && cluster_.chips.contains(id)) {
      chips_.insert(id);
    } else {
      refuse("Invalid chip ID", item);
    }
  }

  void select_address(const std::string& item) {
    bool any = false;
    for (const auto& [chip, address] : cluster_.pci_addresses) {
      if (address.find(item) == std::string::npos) continue;
      chips_.insert(chip);
      any = true;
    }
    if (!any) refuse("Invalid BDF", item);
  }

  void refuse(const std::string& what, const std::string& item) {
    std::string ids;
    for (const auto& [id, line] : cluster_.chips) {
      constexpr std::size_t kMaxText = 200;
      if (ids.size() > kMaxText) {
        ids += ", ...";
        break;
      }
      ids += (ids.empty() ? "" : ", ") + std::to_string(id);
    }
    problems_.push_back(
        {cluster_.file, 0, "",
         what + " in " + kVisibleDevicesVariable + ": '" + item + "'; valid are the chip ids " +
             ids +
             (cluster_.pci_addresses.empty() ? "" : ", and parts of a PCI address like 01:00.0")});
  }

  const ClusterDescription& cluster_;
  std::set<int> chips_;
  std::vector<Problem> problems_;
};

/// What a map says of the chips that are kept, under their new ids.
template <typename Value>
std::map<int, Value> kept(const std::map<int, Value>& all, const std::map<int, int>& new_ids) {
  std::map<int, Value> result;
  for (const auto& [old_id, id] : new_ids) {
    const auto found = all.find(old_id);
    if (found != all.end()) result.emplace(id, found->second);
  }
  return result;
}

void keep_links(const ClusterDescription& cluster, const std::map<int, int>& new_ids,
                ClusterDescription& result) {
  const auto leave = [&](int chip, int channel, int remote, int remote_channel) {
    const auto near = new_ids.find(chip);
    if (near == new_ids.end()) return;
    result.remote_links.push_back(
        {near->second, channel, cluster.unique_id(remote), remote_channel});
  };
  for (const ClusterDescription::LocalLink& link : cluster.links) {
    const auto a = new_ids.find(link.chip_a);
    const auto b = new_ids.find(link.chip_b);
    if (a != new_ids.end() && b != new_ids.end()) {
      result.links.push_back({a->second, link.channel_a, b->second, link.channel_b});
    } else {
      leave(link.chip_a, link.channel_a, link.chip_b, link.channel_b);
      leave(link.chip_b, link.channel_b, link.chip_a, link.channel_a);
    }
  }
  for (const ClusterDescription::RemoteLink& link : cluster.remote_links) {
    const auto near = new_ids.find(link.chip);
    if (near == new_ids.end()) continue;
    result.remote_links.push_back(
        {near->second, link.channel, link.remote_chip, link.remote_channel});
  }
}

void keep_boards(const ClusterDescription& cluster, const std::map<int, int>& new_ids,
                 ClusterDescription& result) {
  for (const ClusterDescription::Board& board : cluster.boards) {
    ClusterDescription::Board smaller{board.id, board.type, {}};
    for (const int chip : board.chips) {
      const auto found = new_ids.find(chip);
      if (found != new_ids.end()) smaller.chips.push_back(found->second);
    }
    if (!smaller.chips.empty()) result.boards.push_back(std::move(smaller));
  }
}

}  // namespace

std::optional<std::string> visible_devices_from_environment() {
  const char* value = std::getenv(kVisibleDevicesVariable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

ClusterDescription keep_visible(const ClusterDescription& cluster, const std::string& devices) {
  const std::set<int> chips = Selection(cluster).select(devices);
  std::map<int, int> new_ids;
  for (const int chip : chips) new_ids.emplace(chip, static_cast<int>(new_ids.size()));

  ClusterDescription result;
  result.file = cluster.file;
  result.arch = cluster.arch;
  result.chips = kept(cluster.chips, new_ids);
  keep_links(cluster, new_ids, result);
  for (const int chip : cluster.mmio_chips) {
    const auto found = new_ids.find(chip);
    if (found != new_ids.end()) result.mmio_chips.insert(found->second);
  }
  keep_boards(cluster, new_ids, result);
  result.harvested_rows = kept(cluster.harvested_rows, new_ids);
  // Other descriptors know these chips by the ids that they had.
  for (const auto& [old_id, id] : new_ids) result.unique_ids.emplace(id, cluster.unique_id(old_id));
  result.asic_locations = kept(cluster.asic_locations, new_ids);
  result.bus_ids = kept(cluster.bus_ids, new_ids);
  result.pci_addresses = kept(cluster.pci_addresses, new_ids);
  result.warnings = cluster.warnings;
  result.notes = cluster.notes;
  result.notes.push_back(std::string(kVisibleDevicesVariable) + "=" + devices + " keeps " +
                         std::to_string(chips.size()) + " of " +
                         std::to_string(cluster.chips.size()) + " chips, numbered from 0");
  return result;
}

}  // namespace ttmesh::mesh
