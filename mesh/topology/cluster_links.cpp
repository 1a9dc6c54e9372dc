#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>

#include "mesh/topology/cluster_reader.hpp"

namespace ttmesh::mesh {
namespace {

constexpr int kMaxChannel = 63;
constexpr IntRange kChannels{0, kMaxChannel};

/// One end of a link.
struct End {
  int chip;
  int channel;

  std::uint64_t key() const {
    constexpr std::uint64_t kChannelCount = kMaxChannel + 1;
    return static_cast<std::uint64_t>(chip) * kChannelCount + static_cast<std::uint64_t>(channel);
  }
};

std::optional<End> read_end(ClusterReader& reader, const YamlValue& value,
                            const std::string& field) {
  if (!reader.yaml.expect_map(value, field)) return std::nullopt;
  const YamlValue* id = reader.yaml.required(value, field, "chip");
  const YamlValue* channel = reader.yaml.required(value, field, "chan");
  if (id == nullptr || channel == nullptr) return std::nullopt;
  const auto number = reader.chip(*id, field);
  const auto at = reader.yaml.integer(*channel, field, kChannels);
  if (!number || !at) return std::nullopt;
  return End{*number, *at};
}

/// A link lists two ends, and optionally whether routing is enabled.
bool has_ends(const YamlValue& entry) {
  return entry.kind == YamlValue::Kind::Sequence && entry.items.size() >= 2 &&
         entry.items.size() <= 3;
}

/// The links within the host. One may be listed again, from either end, but a channel leads to one
/// other only.
class LocalLinks {
 public:
  explicit LocalLinks(ClusterReader& reader) : reader_(reader) {}

  void read(const YamlValue& list) {
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const YamlValue& entry = list.items[i];
      const std::string field = field_path("ethernet_connections", i);
      if (!has_ends(entry)) {
        reader_.yaml.report(entry, field,
                            "Ethernet connections in YAML should always contain information on "
                            "connected endpoints and optionally information on whether routing "
                            "is enabled.");
        continue;
      }
      const auto a = read_end(reader_, entry.items[0], field);
      const auto b = read_end(reader_, entry.items[1], field);
      if (a && b) add(entry, field, *a, *b);
    }
  }

 private:
  void add(const YamlValue& at, const std::string& field, const End& a, const End& b) {
    if (a.chip == b.chip) {
      reader_.yaml.report(at, field, "joins chip " + std::to_string(a.chip) + " to itself");
      return;
    }
    const auto [from_a, new_a] = peers_.emplace(a.key(), b.key());
    const auto [from_b, new_b] = peers_.emplace(b.key(), a.key());
    if (from_a->second != b.key() || from_b->second != a.key()) {
      reader_.yaml.report(at, field, "Duplicate eth connection found in cluster desc yaml");
      return;
    }
    if (new_a && new_b) {
      reader_.description.links.push_back({a.chip, a.channel, b.chip, b.channel});
    }
  }

  ClusterReader& reader_;
  std::unordered_map<std::uint64_t, std::uint64_t> peers_;
};

void read_remote_links(ClusterReader& reader) {
  const std::string field = "ethernet_connections_to_remote_devices";
  const YamlValue* list = reader.find(field);
  if (list == nullptr || !reader.yaml.expect_sequence(*list, field)) return;
  for (const YamlValue& entry : list->items) {
    if (!has_ends(entry)) {
      reader.yaml.report(entry, field,
                         "Remote ethernet connections in YAML should always contain information "
                         "on connected endpoints and optionally information on whether routing is "
                         "enabled.");
      continue;
    }
    const auto near = read_end(reader, entry.items[0], field);
    const YamlValue& far = entry.items[1];
    if (!reader.yaml.expect_map(far, field)) continue;
    const YamlValue* id = reader.yaml.required(far, field, "remote_chip_id");
    const YamlValue* channel = reader.yaml.required(far, field, "chan");
    if (id == nullptr || channel == nullptr) continue;
    const auto remote = reader.yaml.unsigned_integer(*id, field);
    const auto at = reader.yaml.integer(*channel, field, kChannels);
    if (!near || !remote || !at) continue;
    reader.description.remote_links.push_back({near->chip, near->channel, *remote, *at});
  }
}

}  // namespace

void read_cluster_links(ClusterReader& reader) {
  const YamlValue* list = reader.yaml.required(reader.root, "", "ethernet_connections");
  if (list != nullptr && list->kind != YamlValue::Kind::Null &&
      reader.yaml.expect_sequence(*list, "ethernet_connections")) {
    LocalLinks(reader).read(*list);
  }
  read_remote_links(reader);
}

}  // namespace ttmesh::mesh
