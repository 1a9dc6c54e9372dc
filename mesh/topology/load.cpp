#include "mesh/topology/load.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "mesh/topology/cluster.hpp"
#include "mesh/topology/cluster_description.hpp"
#include "mesh/topology/fabric_config.hpp"
#include "mesh/topology/input_file.hpp"
#include "mesh/topology/mgd1.hpp"
#include "mesh/topology/mgd2.hpp"
#include "mesh/topology/rank_bindings.hpp"
#include "mesh/topology/system_name.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"
#include "mesh/topology/visible_devices.hpp"
#include "mesh/topology/yaml_value.hpp"
#include "sim/system.hpp"

namespace ttmesh::mesh {
namespace {

bool ends_with_any(const std::string& path, std::span<const std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&path](std::string_view ending) { return path.ends_with(ending); });
}

ParsedTopology parse_rank_bindings(const InputFile& file, const YamlValue& document,
                                   const LoadOptions& options);

/// Rank bindings lead to a file of their own, which may not lead any further.
enum class Follow : std::uint8_t { Bindings, Nothing };

constexpr const char* kNoFormat =
    "is of no known format: neither this project's, which has the key ttmesh, nor a mesh graph or "
    "cluster descriptor, nor rank bindings";
constexpr std::array<std::string_view, 2> kYamlEndings{".yaml", ".yml"};
constexpr std::array<std::string_view, 3> kTextEndings{".textproto", ".pbtxt", ".txtpb"};

/// Runs a parser; what it refuses is followed by `hint`.
template <typename Parse>
auto with_hint(const InputFile& file, const std::string& hint, const Parse& parse) {
  try {
    return parse(file);
  } catch (const InvalidFile& error) {
    std::vector<Problem> problems = error.problems();
    problems.push_back({file.path, 0, "", hint});
    throw InvalidFile(error.heading(), std::move(problems));
  }
}

/// The text form by its ending or its fields. A file that is no text form in spite of its ending
/// is told so.
std::optional<ParsedTopology> parse_text_form(const InputFile& file) {
  const bool looks_right = looks_like_mgd2(file.text);
  if (ends_with_any(file.path, kTextEndings)) {
    if (looks_right) return parse_mgd2(file);
    return with_hint(
        file,
        "has neither mesh_descriptors nor a top_level_instance; if it is YAML, its name "
        "must end in .yaml",
        parse_mgd2);
  }
  if (looks_right && !ends_with_any(file.path, kYamlEndings)) return parse_mgd2(file);
  return std::nullopt;
}

YamlValue parse_yaml_form(const InputFile& file) {
  if (looks_like_mgd2(file.text)) {
    return with_hint(
        file,
        "has fields of a mesh graph descriptor in text form; if it is one, its name must "
        "end in .textproto",
        parse_yaml);
  }
  if (ends_with_any(file.path, kYamlEndings)) return parse_yaml(file);
  return with_hint(file, kNoFormat, parse_yaml);
}

ParsedTopology parse_file(const InputFile& file, const LoadOptions& options, Follow follow) {
  if (std::optional<ParsedTopology> parsed = parse_text_form(file)) return std::move(*parsed);
  const YamlValue document = parse_yaml_form(file);
  if (document.find("ttmesh") != nullptr) return parse_ttmesh_yaml(file, document);
  if (looks_like_mgd1(document)) return parse_mgd1(file, document);
  if (follow == Follow::Bindings && looks_like_rank_bindings(document)) {
    return parse_rank_bindings(file, document, options);
  }
  if (looks_like_cluster(document)) {
    ClusterDescription cluster = read_cluster_description(file, document);
    const std::optional<std::string> visible =
        options.visible_devices ? options.visible_devices : visible_devices_from_environment();
    if (visible) cluster = keep_visible(cluster, *visible);
    return cluster_topology(std::move(cluster));
  }
  throw InvalidFile({{file.path, 0, "", kNoFormat}});
}

ParsedTopology parse_rank_bindings(const InputFile& file, const YamlValue& document,
                                   const LoadOptions& options) {
  RankBindings bindings = read_rank_bindings(file, document);
  const std::string path = bindings.ranks.front().descriptor;
  for (const RankBinding& binding : bindings.ranks) {
    if (binding.descriptor == path) continue;
    throw InvalidFile("Invalid configuration",
                      {{file.path, 0, "",
                        "its ranks have several mesh graph descriptors, " + path + " and " +
                            binding.descriptor + "; one topology has one"}});
  }
  const std::optional<std::string> found = find_descriptor(path, file.path);
  if (!found) {
    throw InvalidFile("Invalid configuration", {{file.path, 0, "mesh_graph_desc_path",
                                                 "Mesh graph descriptor not found: " + path}});
  }
  ParsedTopology parsed = parse_file(read_input_file(*found), options, Follow::Nothing);
  const std::vector<Problem> problems = binding_problems(bindings, parsed.topology, file.path);
  parsed.launch_problems.insert(parsed.launch_problems.end(), problems.begin(), problems.end());
  parsed.warnings.insert(parsed.warnings.end(), bindings.warnings.begin(), bindings.warnings.end());
  parsed.notes.push_back("bound to " + std::to_string(bindings.ranks.size()) + " ranks by " +
                         file.path);
  if (!found->ends_with(path)) {
    parsed.notes.push_back("nothing at " + path + ": taken from " + *found + ", of the same name");
  }
  if (problems.empty()) parsed.topology = bind_ranks(std::move(parsed.topology), bindings);
  parsed.topology.format = "rank_bindings";
  return parsed;
}

/// Channels by which a file that names no system is taken for one: those of its largest mesh.
int typical_channels(const Topology& topology) {
  const MeshDescription* largest = nullptr;
  for (const MeshDescription& mesh : topology.meshes) {
    if (mesh.is_switch) continue;
    if (largest == nullptr || mesh.shape.size() > largest->shape.size()) largest = &mesh;
  }
  if (largest == nullptr) return 1;
  if (largest->is_grid) return largest->channels;
  int channels = 1;
  for (const Edge& edge : topology.edges) channels = std::max(channels, edge.channels);
  return channels;
}

/// Fills in what the format leaves open: the system, and how many links collectives use.
void complete(Topology& topology, const LoadOptions& options) {
  const int channels = typical_channels(topology);
  const bool overridden = options.system.has_value();
  if (overridden) {
    topology.system = sim::find_system(*options.system).name;
  } else if (topology.system.empty()) {
    topology.system = sim::default_system(topology.arch, channels).name;
  }
  if (topology.usable_links == 0) {
    const int usable = sim::find_system(topology.system).usable_links;
    topology.usable_links = std::max(1, std::min(usable, channels));
  }
}

/// What a launch would take.
Topology checked(ParsedTopology parsed) {
  if (!parsed.launch_problems.empty()) throw InvalidFile(std::move(parsed.launch_problems));
  return std::move(parsed.topology);
}

}  // namespace

ParsedTopology parse_topology(const std::string& text, const LoadOptions& options) {
  std::error_code error;
  ParsedTopology parsed;
  const bool is_path = text.find_first_of("./") != std::string::npos;
  const bool is_file =
      std::filesystem::exists(text, error) && !std::filesystem::is_directory(text, error);
  if (is_path || is_file) {
    parsed = parse_file(read_input_file(text), options, Follow::Bindings);
  } else if (is_system_name(text)) {
    parsed = parse_system_name(text);
  } else {
    std::string names;
    for (const sim::System& system : sim::systems()) {
      if (!names.empty()) names += ", ";
      names += system.name;
    }
    throw std::invalid_argument("[topology] '" + text +
                                "' is neither a file nor a system; the systems are " + names);
  }
  parsed.topology.name = text;
  complete(parsed.topology, options);
  if (options.fabric_config) apply_fabric_config(parsed, *options.fabric_config);
  return parsed;
}

Topology load_topology(const std::string& text, const LoadOptions& options) {
  return checked(parse_topology(text, options));
}

Topology load_topology(const InputFile& file) {
  ParsedTopology parsed = parse_ttmesh_yaml(file, parse_yaml(file));
  parsed.topology.name = file.path;
  complete(parsed.topology, {});
  return checked(std::move(parsed));
}

}  // namespace ttmesh::mesh
