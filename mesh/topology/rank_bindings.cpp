#include "mesh/topology/rank_bindings.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "mesh/topology/yaml_reader.hpp"

namespace ttmesh::mesh {
namespace {

namespace fs = std::filesystem;

constexpr IntRange kRanks{0, kMaxMeshes};
constexpr int kMaxSubcontexts = 1'024;
constexpr const char* kMapping = "subcontext_id_to_rank_bindings";
constexpr const char* kHeading = "Invalid configuration";

/// Reads one file of bindings.
class Document {
 public:
  Document(const InputFile& file, const YamlValue& root) : reader_(file.path), root_(root) {}

  RankBindings read() {
    warn_of_unknown(root_, "", {"rank_bindings", "global_env", "mesh_graph_desc_path"});
    std::string descriptor;
    if (const YamlValue* path = reader_.required(root_, "", "mesh_graph_desc_path")) {
      descriptor = reader_.word(*path, "mesh_graph_desc_path").value_or("");
    }
    if (const YamlValue* environment = root_.find("global_env")) {
      bindings_.environment = read_environment(*environment, "global_env");
    }
    const YamlValue* list = reader_.required(root_, "", "rank_bindings");
    if (list != nullptr && reader_.expect_sequence(*list, "rank_bindings")) {
      if (list->items.empty()) reader_.report(*list, "rank_bindings", "lists no ranks");
      for (std::size_t i = 0; i < list->items.size(); ++i) {
        read_binding(list->items[i], field_path("rank_bindings", i), descriptor);
      }
      check_ranks(*list);
    }
    reader_.finish();
    return std::move(bindings_);
  }

 private:
  /// tt-run skips what it does not know; so do we, but not silently.
  void warn_of_unknown(const YamlValue& map, const std::string& field,
                       std::initializer_list<std::string_view> known) {
    constexpr std::size_t kMaxWarnings = 100;
    for (const YamlValue& key : map.keys) {
      if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
      if (bindings_.warnings.size() == kMaxWarnings) return;
      bindings_.warnings.push_back({reader_.file(), key.line,
                                    field_path(field, key.text.substr(0, 60)),
                                    "unknown key, ignored"});
    }
  }

  std::map<std::string, std::string> read_environment(const YamlValue& value,
                                                      const std::string& field) {
    std::map<std::string, std::string> environment;
    if (value.kind == YamlValue::Kind::Null || !reader_.expect_map(value, field)) {
      return environment;
    }
    for (std::size_t i = 0; i < value.keys.size(); ++i) {
      const std::string path = field_path(field, value.keys[i].text.substr(0, 60));
      if (!is_text(value.items[i])) {
        reader_.report(value.items[i], path,
                       "must be text, found " + value.items[i].description() +
                           "; write numbers and booleans in quotes");
        continue;
      }
      environment[value.keys[i].text] = value.items[i].text;
    }
    return environment;
  }

  /// What YAML 1.1 takes for a string: not a lone number, boolean or null.
  static bool is_text(const YamlValue& value) {
    if (value.kind != YamlValue::Kind::Scalar) return false;
    if (value.quoted) return true;
    static const std::set<std::string> kWords{"true", "True", "TRUE", "false", "False", "FALSE",
                                              "yes",  "Yes",  "YES",  "no",    "No",    "NO",
                                              "on",   "On",   "ON",   "off",   "Off",   "OFF"};
    if (kWords.contains(value.text)) return false;
    const char* begin = value.text.c_str();
    char* end = nullptr;
    std::strtod(begin, &end);
    return value.text.empty() || *end != '\0' || !is_numeral(value.text);
  }

  /// A number needs a digit first, after a sign or point; "inf" and "nan" are words.
  static bool is_numeral(const std::string& text) {
    const std::size_t first = text.find_first_not_of("+-.");
    return first != std::string::npos && text[first] >= '0' && text[first] <= '9';
  }

  void read_binding(const YamlValue& value, const std::string& field,
                    const std::string& descriptor) {
    if (!reader_.expect_map(value, field)) return;
    warn_of_unknown(value, field,
                    {"rank", "mesh_id", "mesh_host_rank", "env_overrides", "subcontext_id",
                     "subcontext_size", "mesh_graph_desc_path"});
    RankBinding binding;
    binding.descriptor = descriptor;
    binding.line = value.line;
    if (const YamlValue* rank = reader_.required(value, field, "rank")) {
      binding.rank = reader_.integer(*rank, field_path(field, "rank"), kRanks).value_or(0);
    }
    if (const YamlValue* mesh = reader_.required(value, field, "mesh_id")) {
      binding.mesh_id = reader_.integer(*mesh, field_path(field, "mesh_id"), kRanks).value_or(0);
    }
    const YamlValue* host = value.find("mesh_host_rank");
    if (host != nullptr && host->kind != YamlValue::Kind::Null) {
      binding.mesh_host_rank = reader_.integer(*host, field_path(field, "mesh_host_rank"), kRanks);
    }
    if (const YamlValue* environment = value.find("env_overrides")) {
      binding.environment = read_environment(*environment, field_path(field, "env_overrides"));
    }
    if (const YamlValue* path = value.find("mesh_graph_desc_path")) {
      binding.descriptor =
          reader_.word(*path, field_path(field, "mesh_graph_desc_path")).value_or("");
    }
    bindings_.ranks.push_back(std::move(binding));
  }

  void check_ranks(const YamlValue& list) {
    std::vector<RankBinding>& ranks = bindings_.ranks;
    std::stable_sort(ranks.begin(), ranks.end(),
                     [](const RankBinding& x, const RankBinding& y) { return x.rank < y.rank; });
    bool dense = true;
    bool unique = true;
    std::string listed;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      dense &= ranks[i].rank == static_cast<int>(i);
      unique &= i == 0 || ranks[i].rank != ranks[i - 1].rank;
      if (i < 32) listed += (i == 0 ? "" : ", ") + std::to_string(ranks[i].rank);
    }
    if (!unique) {
      reader_.report(list, "rank_bindings", "Duplicate ranks found in bindings");
    } else if (!dense) {
      reader_.report(list, "rank_bindings",
                     "Ranks must be contiguous from 0. Got: [" + listed +
                         (ranks.size() > 32 ? ", ..." : "") + "]");
    }
  }

  YamlReader reader_;
  const YamlValue& root_;
  RankBindings bindings_;
};

/// Reads a mapping of subcontexts, 0, 1, ... to files of bindings, and appends their ranks.
class Mapping {
 public:
  Mapping(const InputFile& file, const YamlValue& root) : reader_(file.path), root_(root) {}

  RankBindings read() {
    const YamlValue& map = *root_.find(kMapping);
    if (reader_.expect_map(map, kMapping)) {
      if (map.keys.empty()) reader_.report(map, kMapping, "lists no subcontexts");
      for (std::size_t i = 0; i < map.keys.size() && reader_.clean(); ++i) {
        const std::string field = field_path(kMapping, map.keys[i].text.substr(0, 60));
        const auto expected = static_cast<std::int64_t>(i);
        if (i >= kMaxSubcontexts || !reader_.integer(map.keys[i], field, {expected, expected})) {
          if (i >= kMaxSubcontexts) reader_.report(map.keys[i], field, "too many subcontexts");
          break;
        }
        append(map.items[i], field, static_cast<int>(i));
      }
    }
    reader_.finish();
    return std::move(bindings_);
  }

 private:
  void append(const YamlValue& value, const std::string& field, int subcontext) {
    const auto path = reader_.word(value, field);
    if (!path) return;
    const auto found = find_descriptor(*path, reader_.file());
    if (!found) {
      reader_.report(value, field, "Rank bindings not found: " + *path);
      return;
    }
    const InputFile file = read_input_file(*found);
    const YamlValue document = parse_yaml(file);
    if (document.find("rank_bindings") == nullptr) {
      reader_.report(value, field, *path + " holds no rank bindings");
      return;
    }
    RankBindings part = Document(file, document).read();
    const int offset = static_cast<int>(bindings_.ranks.size());
    for (RankBinding& binding : part.ranks) {
      binding.rank += offset;
      binding.subcontext = subcontext;
      binding.descriptor = find_descriptor(binding.descriptor, *found).value_or(binding.descriptor);
      bindings_.ranks.push_back(std::move(binding));
    }
    for (auto& [key, text] : part.environment) {
      const auto [known, is_new] = bindings_.environment.emplace(key, text);
      if (!is_new && known->second != text) {
        reader_.report(value, field, "global_env conflict on key " + key);
      }
    }
    bindings_.warnings.insert(bindings_.warnings.end(), part.warnings.begin(), part.warnings.end());
  }

  YamlReader reader_;
  const YamlValue& root_;
  RankBindings bindings_;
};

std::optional<std::string> first_file(const std::vector<fs::path>& candidates) {
  std::error_code error;
  for (const fs::path& candidate : candidates) {
    if (fs::is_regular_file(candidate, error)) return candidate.string();
  }
  return std::nullopt;
}

/// The file of that name in the folders within `parent`, unless several have one: then which of
/// them is meant would be a guess.
std::optional<std::string> only_file_of_name(const fs::path& name, const fs::path& parent) {
  std::error_code error;
  std::optional<std::string> only;
  fs::directory_iterator entries(parent, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code unreadable;
    if (!fs::is_regular_file(entries->path() / name, unreadable)) continue;
    if (only) return std::nullopt;
    only = (entries->path() / name).string();
  }
  return only;
}

}  // namespace

bool looks_like_rank_bindings(const YamlValue& document) {
  return document.find("rank_bindings") != nullptr || document.find(kMapping) != nullptr;
}

RankBindings read_rank_bindings(const InputFile& file, const YamlValue& document) {
  try {
    return document.find(kMapping) != nullptr ? Mapping(file, document).read()
                                              : Document(file, document).read();
  } catch (const InvalidFile& error) {
    throw InvalidFile(kHeading, error.problems());
  }
}

std::optional<std::string> find_descriptor(const std::string& path, const std::string& from) {
  std::error_code error;
  const fs::path wanted(path);
  std::vector<fs::path> candidates{wanted};
  if (wanted.is_absolute()) return first_file(candidates);
  if (const char* home = std::getenv("TT_METAL_HOME")) candidates.push_back(home / wanted);
  const fs::path beside = fs::absolute(from, error).parent_path();
  for (fs::path folder = beside; folder.has_relative_path(); folder = folder.parent_path()) {
    candidates.push_back(folder / wanted);
  }
  candidates.push_back(beside / wanted.filename());
  if (const auto found = first_file(candidates)) return found;
  return only_file_of_name(wanted.filename(), beside.parent_path());
}

std::vector<Problem> binding_problems(const RankBindings& bindings, const Topology& topology,
                                      const std::string& file) {
  std::vector<Problem> problems;
  std::map<int, int> hosts;
  for (const MeshDescription& mesh : topology.meshes) hosts[mesh.id] = mesh.host_shape.size();
  std::map<int, int> bound;
  std::set<std::pair<int, int>> taken;
  for (const RankBinding& binding : bindings.ranks) {
    const std::string field = "rank_bindings, rank " + std::to_string(binding.rank);
    const auto mesh = hosts.find(binding.mesh_id);
    if (mesh == hosts.end()) {
      problems.push_back({file, binding.line, field,
                          "Invalid TT_MESH_ID: Local mesh binding mesh_id " +
                              std::to_string(binding.mesh_id) +
                              " not found in mesh graph descriptor"});
      continue;
    }
    ++bound[binding.mesh_id];
    if (!binding.mesh_host_rank) continue;
    if (*binding.mesh_host_rank >= mesh->second) {
      problems.push_back({file, binding.line, field,
                          "Invalid TT_MESH_HOST_RANK: Local mesh binding host_rank " +
                              std::to_string(*binding.mesh_host_rank) +
                              " not found in mesh graph descriptor"});
    } else if (!taken.insert({binding.mesh_id, *binding.mesh_host_rank}).second) {
      problems.push_back({file, binding.line, field,
                          "host " + std::to_string(*binding.mesh_host_rank) + " of mesh " +
                              std::to_string(binding.mesh_id) + " is bound twice"});
    }
  }
  for (const auto& [id, count] : hosts) {
    if (bound[id] == count) continue;
    problems.push_back({file, 0, "rank_bindings",
                        "mesh " + std::to_string(id) + " has " + std::to_string(count) +
                            " hosts, and " + std::to_string(bound[id]) + " ranks are bound to it"});
  }
  return problems;
}

RankBindings load_rank_bindings(const std::string& path) {
  const InputFile file = read_input_file(path);
  const YamlValue document = parse_yaml(file);
  if (!looks_like_rank_bindings(document)) {
    throw InvalidFile(kHeading,
                      {{path, 0, "", "holds neither rank_bindings nor a mapping to them"}});
  }
  return read_rank_bindings(file, document);
}

Topology bind_ranks(Topology topology, const RankBindings& bindings) {
  constexpr int kNobody = -1;
  std::map<int, std::size_t> first_host;  // By mesh.
  std::size_t hosts = 0;
  for (const MeshDescription& mesh : topology.meshes) {
    first_host[mesh.id] = hosts;
    hosts += static_cast<std::size_t>(mesh.host_shape.size());
  }
  std::vector<int> ranks(hosts, kNobody);
  for (const RankBinding& binding : bindings.ranks) {
    if (!binding.mesh_host_rank) continue;
    const auto within = static_cast<std::size_t>(*binding.mesh_host_rank);
    ranks.at(first_host.at(binding.mesh_id) + within) = binding.rank;
  }
  for (const RankBinding& binding : bindings.ranks) {
    if (binding.mesh_host_rank) continue;
    const auto first = ranks.begin() + static_cast<std::ptrdiff_t>(first_host.at(binding.mesh_id));
    *std::find(first, ranks.end(), kNobody) = binding.rank;
  }
  // The usual order needs no words, and compares equal to a topology without bindings.
  topology.host_ranks = std::is_sorted(ranks.begin(), ranks.end()) ? std::vector<int>() : ranks;
  return topology;
}

}  // namespace ttmesh::mesh
