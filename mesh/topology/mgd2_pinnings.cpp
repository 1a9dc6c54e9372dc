#include "mesh/topology/mgd2_pinnings.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "mesh/topology/id_pattern.hpp"

namespace ttmesh::mesh {
namespace {

/// More patterns cost std::regex more time than any real one is worth.
constexpr int kMaxPatterns = 256;

/// A number that may be given as a pattern instead.
struct Id {
  const char* field;
  bool has_number;
  bool has_pattern;
  std::string pattern;
};

class Checker {
 public:
  std::vector<Problem> take() { return std::move(problems_); }

  void check(const Mgd2Place& place, const proto::AsicPinning& pinning) {
    if (pinning.logical_fabric_node_id().empty()) {
      add(place, "Pinning entry has no logical_fabric_node_id");
    }
    if (pinning.physical_asic_position().empty()) {
      add(place, "Pinning entry has no physical_asic_position");
    }
    int patterns = 0;
    for (int i = 0; i < pinning.logical_fabric_node_id_size(); ++i) {
      const auto& node = pinning.logical_fabric_node_id(i);
      patterns += check_ids(
          place.at("logical_fabric_node_id", i),
          {{"mesh_id", node.has_mesh_id(), node.has_mesh_id_regex(), node.mesh_id_regex()},
           {"chip_id", node.has_chip_id(), node.has_chip_id_regex(), node.chip_id_regex()}});
    }
    check_mixture(place, "logical_fabric_node_id", patterns, pinning.logical_fabric_node_id_size());
    patterns = 0;
    for (int i = 0; i < pinning.physical_asic_position_size(); ++i) {
      const auto& position = pinning.physical_asic_position(i);
      patterns += check_ids(place.at("physical_asic_position", i),
                            {{"tray_id", position.has_tray_id(), position.has_tray_id_regex(),
                              position.tray_id_regex()},
                             {"asic_location", position.has_asic_location(),
                              position.has_asic_location_regex(), position.asic_location_regex()}});
    }
    check_mixture(place, "physical_asic_position", patterns, pinning.physical_asic_position_size());
    check_duplicate(place, pinning);
  }

 private:
  void add(const Mgd2Place& place, const std::string& what) {
    problems_.push_back(place.problem(what));
  }

  /// 1 if any of the ids is a pattern.
  int check_ids(const Mgd2Place& place, const std::vector<Id>& ids) {
    bool any = false;
    for (const Id& id : ids) {
      if (!id.has_pattern) continue;
      any = true;
      const std::string name = std::string(id.field) + "_regex";
      if (id.has_number) {
        add(place,
            "Pinning entry sets both " + name + " and " + id.field + "; use one or the other");
      }
      if (++patterns_ == kMaxPatterns) {
        add(place, "more than " + std::to_string(kMaxPatterns) + " patterns, the limit");
      }
      if (patterns_ >= kMaxPatterns) continue;
      const std::string mistake = id_pattern_mistake(id.pattern);
      if (!mistake.empty()) add(place.at(name.c_str()), name + " " + mistake);
    }
    return any ? 1 : 0;
  }

  void check_mixture(const Mgd2Place& place, const std::string& field, int patterns, int entries) {
    if (patterns == 0 || patterns == entries) return;
    add(place,
        "Pinning entry mixes regex and non-regex " + field + " fields; use separate entries");
  }

  /// A chip that two entries pin, each to one place.
  void check_duplicate(const Mgd2Place& place, const proto::AsicPinning& pinning) {
    if (pinning.logical_fabric_node_id_size() != 1) return;
    const auto& node = pinning.logical_fabric_node_id(0);
    if (node.has_mesh_id_regex() || node.has_chip_id_regex()) return;
    if (seen_.insert({node.mesh_id(), node.chip_id()}).second) return;
    add(place.at("logical_fabric_node_id", 0),
        "Duplicate pinning for fabric node (mesh_id: " + std::to_string(node.mesh_id()) +
            ", chip_id: " + std::to_string(node.chip_id()) + ")");
  }

  int patterns_ = 0;
  std::vector<Problem> problems_;
  std::set<std::pair<unsigned, unsigned>> seen_;
};

}  // namespace

std::vector<Problem> mgd2_pinning_problems(const Mgd2Document& document) {
  Checker checker;
  for (int i = 0; i < document.descriptor.pinnings_size(); ++i) {
    checker.check(document.root.at("pinnings", i), document.descriptor.pinnings(i));
  }
  return checker.take();
}

std::vector<Problem> mgd2_pinning_range_problems(const Mgd2Document& document,
                                                 const Topology& topology) {
  std::map<std::int64_t, std::int64_t> chips;  // By mesh id.
  for (const MeshDescription& mesh : topology.meshes) chips[mesh.id] = mesh.shape.size();
  std::vector<Problem> problems;
  for (int i = 0; i < document.descriptor.pinnings_size(); ++i) {
    const auto& pinning = document.descriptor.pinnings(i);
    for (int j = 0; j < pinning.logical_fabric_node_id_size(); ++j) {
      const auto& node = pinning.logical_fabric_node_id(j);
      if (node.has_mesh_id_regex() || node.has_chip_id_regex()) continue;
      const auto mesh = chips.find(node.mesh_id());
      const Mgd2Place place = document.root.at("pinnings", i).at("logical_fabric_node_id", j);
      if (mesh == chips.end()) {
        problems.push_back(place.at("mesh_id").problem("Pinning refers to mesh_id " +
                                                       std::to_string(node.mesh_id()) +
                                                       ", which does not exist"));
      } else if (node.chip_id() >= mesh->second) {
        problems.push_back(place.at("chip_id").problem(
            "Pinning refers to chip_id " + std::to_string(node.chip_id()) + ", but mesh " +
            std::to_string(mesh->first) + " has " + std::to_string(mesh->second) + " chips"));
      }
    }
  }
  return problems;
}

std::vector<Pinning> mgd2_pinnings(const Mgd2Document& document) {
  std::vector<Pinning> pinnings;
  const auto ids = [](bool has_pattern, const std::string& pattern, unsigned number) {
    return has_pattern ? pattern : std::to_string(number);
  };
  for (int i = 0; i < document.descriptor.pinnings_size(); ++i) {
    const auto& stated = document.descriptor.pinnings(i);
    Pinning pinning{document.root.at("pinnings", i).problem(""), {}, {}};
    for (const auto& node : stated.logical_fabric_node_id()) {
      pinning.nodes.push_back(
          {ids(node.has_mesh_id_regex(), node.mesh_id_regex(), node.mesh_id()),
           ids(node.has_chip_id_regex(), node.chip_id_regex(), node.chip_id())});
    }
    for (const auto& place : stated.physical_asic_position()) {
      pinning.places.push_back(
          {ids(place.has_tray_id_regex(), place.tray_id_regex(), place.tray_id()),
           ids(place.has_asic_location_regex(), place.asic_location_regex(),
               place.asic_location())});
    }
    pinnings.push_back(std::move(pinning));
  }
  return pinnings;
}

}  // namespace ttmesh::mesh
