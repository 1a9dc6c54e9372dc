#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

#include "mesh/topology/cluster_reader.hpp"

namespace ttmesh::mesh {
namespace {

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return "0x" + std::string(digits.data(), end);
}

void check_type(ClusterReader& reader, const YamlValue& type, const std::string& field) {
  constexpr std::array<std::string_view, 9> kKnown{
      "n150", "n300", "p100", "p150", "p300", "ubb", "ubb_blackhole", "ubb_wormhole", "quasar"};
  if (std::find(kKnown.begin(), kKnown.end(), type.text) != kKnown.end()) return;
  reader.warn(type, field, "Unknown board type " + type.description());
}

}  // namespace

void read_cluster_boards(ClusterReader& reader) {
  const YamlValue* list = reader.find("boards");
  if (list == nullptr) return;
  if (list->kind != YamlValue::Kind::Sequence) {
    reader.yaml.report(*list, "boards", "Invalid or missing 'boards' node.");
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
      reader.yaml.report(entry, field, "Each board entry should be a sequence of 3 maps.");
      continue;
    }
    const auto number = reader.yaml.unsigned_integer(*id, field_path(field, "board_id"));
    if (!number || !reader.yaml.expect_sequence(*chips, field_path(field, "chips"))) continue;
    check_type(reader, *type, field_path(field, "board_type"));
    ClusterDescription::Board board{*number, type->text, {}};
    for (const YamlValue& each : chips->items) {
      const auto member = reader.chip(each, field_path(field, "chips"));
      if (!member) continue;
      board.chips.push_back(*member);
      const auto [known, is_new] = board_of.emplace(*member, *number);
      if (is_new) continue;
      reader.yaml.report(each, field_path(field, "chips"),
                         "Chip " + std::to_string(*member) + " is already mapped to board " +
                             hexadecimal(known->second));
    }
    reader.description.boards.push_back(std::move(board));
  }
}

}  // namespace ttmesh::mesh
