#include "cli/topo.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

#include "cli/topo_drawing.hpp"
#include "mesh/topology/dot.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/facts.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"
#include "sim/system.hpp"

namespace ttmesh::cli {
namespace {

using mesh::DimType;
using mesh::Edge;
using mesh::MeshDescription;
using mesh::Topology;

/// Links that are no part of a drawing are listed, up to this many a kind.
constexpr std::size_t kMaxListed = 24;

std::string word(DimType type) { return type == DimType::Ring ? "ring" : "line"; }

std::string word(mesh::ChannelPolicy policy) {
  return policy == mesh::ChannelPolicy::Strict ? "strict" : "relaxed";
}

nlohmann::ordered_json facts_json(const Topology& topology) {
  const mesh::Facts facts = mesh::facts(topology);
  nlohmann::ordered_json json{{"format", topology.format},
                              {"arch", sim::name(topology.arch)},
                              {"meshes", facts.meshes},
                              {"switches", facts.switches},
                              {"chips", facts.chips},
                              {"hosts", facts.hosts},
                              {"chip_pairs", facts.chip_pairs},
                              {"links", facts.links},
                              {"inter_mesh_pairs", facts.inter_mesh_pairs},
                              {"inter_mesh_links", facts.inter_mesh_links}};
  nlohmann::ordered_json meshes = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < topology.meshes.size(); ++i) {
    const MeshDescription& mesh = topology.meshes[i];
    if (!mesh.is_grid) continue;
    meshes.push_back({{"id", mesh.id},
                      {"name", mesh.name},
                      {"shape", {mesh.shape.rows, mesh.shape.cols}},
                      {"dim_types", {word(mesh.dim_types[0]), word(mesh.dim_types[1])}},
                      {"host_shape", {mesh.host_shape.rows, mesh.host_shape.cols}},
                      {"channels", mesh.channels},
                      {"policy", word(mesh.policy)},
                      {"chip_pairs", facts.mesh[i].chip_pairs},
                      {"links", facts.mesh[i].links}});
  }
  json["mesh"] = std::move(meshes);
  return json;
}

/// Writes to a file, or to `out` if the path is "-".
void write_text(const std::string& path, const std::string& text, std::ostream& out) {
  if (path == "-") {
    out << text;
    return;
  }
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("[topo] cannot write " + path);
}

/// "1 mesh", "2 meshes"
std::string counted(int count, const std::string& noun, const std::string& plural_ending) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : plural_ending);
}

/// "3-8 x4, 7-12 x4"
std::string list(const std::vector<Edge>& edges) {
  std::string text;
  for (std::size_t i = 0; i < std::min(edges.size(), kMaxListed); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(edges[i].a) + "-" + std::to_string(edges[i].b) + " x" +
            std::to_string(edges[i].channels);
  }
  if (edges.size() > kMaxListed) {
    text += " and " + std::to_string(edges.size() - kMaxListed) + " more";
  }
  return text;
}

/// A name from a file, fit for a terminal.
std::string printable(const std::string& name) {
  std::string text = name.substr(0, 80);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return text;
}

std::string title(const MeshDescription& mesh) {
  if (!mesh.is_grid) return "chips in no grid";
  std::string text = std::string(mesh.is_switch ? "switch " : "mesh ") + std::to_string(mesh.id) +
                     " (" + printable(mesh.name) + "): " + to_string(mesh.shape) + ", " +
                     word(mesh.dim_types[0]) + " x " + word(mesh.dim_types[1]) + ", " +
                     std::to_string(mesh.channels) + " channels";
  if (mesh.host_shape.size() > 1) text += ", hosts " + to_string(mesh.host_shape);
  return text;
}

void show_mesh(const Topology& topology, const MeshDescription& mesh, std::ostream& out) {
  out << "\n" << title(mesh) << "\n";
  if (mesh.is_grid && !topology.physical_ids.empty()) {
    constexpr int kMaxIds = 64;
    out << "  ids in the file, row by row:";
    for (int i = 0; i < std::min(mesh.shape.size(), kMaxIds); ++i) {
      out << " "
          << topology.physical_ids[static_cast<std::size_t>(mesh.first_chip) +
                                   static_cast<std::size_t>(i)];
    }
    out << (mesh.shape.size() > kMaxIds ? " ...\n" : "\n");
  }
  std::vector<Edge> listed;
  for (const Edge& edge : topology.edges) {
    const bool apart = edge.kind == Edge::Kind::Express || !mesh.is_grid;
    if (apart && mesh.owns(edge.a) && mesh.owns(edge.b)) listed.push_back(edge);
  }
  const std::string picture = drawing(mesh);
  if (!picture.empty()) {
    out << picture;
  } else if (mesh.is_grid) {
    out << "  (too large to draw)\n";
  }
  if (!listed.empty()) out << (mesh.is_grid ? "  express: " : "  links: ") << list(listed) << "\n";
}

void show_connections(const Topology& topology, std::ostream& out) {
  std::vector<std::pair<std::array<int, 2>, std::vector<Edge>>> pairs;
  for (const Edge& edge : topology.edges) {
    if (edge.kind != Edge::Kind::InterMesh) continue;
    const std::array<int, 2> ids{topology.mesh_of(edge.a).id, topology.mesh_of(edge.b).id};
    const auto found = std::find_if(pairs.begin(), pairs.end(),
                                    [&ids](const auto& pair) { return pair.first == ids; });
    if (found != pairs.end()) {
      found->second.push_back(edge);
    } else {
      pairs.push_back({ids, {edge}});
    }
    if (pairs.size() > kMaxListed) break;
  }
  if (pairs.empty() && topology.unplaced_links == 0) return;
  out << "\nbetween meshes\n";
  for (std::size_t i = 0; i < std::min(pairs.size(), kMaxListed); ++i) {
    const auto& [ids, edges] = pairs[i];
    out << "  " << ids[0] << " - " << ids[1] << ": " << list(edges) << "\n";
  }
  if (pairs.size() > kMaxListed) out << "  and more\n";
  if (topology.unplaced_links > 0) {
    out << "  " << topology.unplaced_links << " between groups of meshes, carried by no chips\n";
  }
}

void show(const mesh::ParsedTopology& parsed, std::ostream& out) {
  const Topology& topology = parsed.topology;
  const mesh::Facts facts = mesh::facts(topology);
  const sim::System& system = sim::find_system(topology.system);
  out << topology.name << "\n"
      << "  format  " << topology.format << ", " << sim::name(topology.arch) << "\n"
      << "  system  " << system.name << " (" << system.title << "), " << topology.usable_links
      << " usable links\n"
      << "  chips   " << facts.chips << " in " << counted(facts.meshes, "mesh", "es");
  if (facts.switches > 0) out << " and " << counted(facts.switches, "switch", "es");
  out << ", " << counted(facts.hosts, "host", "s") << "\n"
      << "  links   " << facts.links << " between " << facts.chip_pairs << " pairs of chips\n";
  if (facts.inter_mesh_links > 0) {
    out << "          " << facts.inter_mesh_links << " between " << facts.inter_mesh_pairs
        << " pairs of meshes\n";
  }
  for (const std::string& note : parsed.notes) out << "  " << note << "\n";
  std::size_t shown = 0;
  for (const MeshDescription& mesh : topology.meshes) {
    if (++shown > kMaxListed) {
      out << "\nand " << topology.meshes.size() - kMaxListed << " more meshes\n";
      break;
    }
    show_mesh(topology, mesh, out);
  }
  show_connections(topology, out);
  for (const mesh::Problem& warning : parsed.warnings) {
    out << "\nwarning: " << to_string(warning) << "\n";
  }
  if (!parsed.launch_problems.empty()) out << "\na launch would refuse this:\n";
  for (const mesh::Problem& problem : parsed.launch_problems) {
    out << "  " << to_string(problem) << "\n";
  }
}

void print(const mesh::InvalidFile& error, const std::string& file, std::ostream& out) {
  if (!error.heading().empty()) out << file << ": " << error.heading() << "\n";
  for (const mesh::Problem& problem : error.problems()) out << to_string(problem) << "\n";
}

/// Runs a subcommand and turns what it throws into a message and an exit code.
template <typename Run>
int exit_code_of(const std::string& topology, const Run& run) {
  try {
    return run();
  } catch (const mesh::InvalidFile& error) {
    print(error, topology, std::cerr);
    return 1;
  } catch (const std::invalid_argument& error) {
    std::cerr << error.what() << "\n";
    return 2;
  } catch (const std::runtime_error& error) {
    std::cerr << error.what() << "\n";
    return 3;
  }
}

}  // namespace

int topo_show(const TopoShowArguments& arguments, std::ostream& out) {
  const mesh::ParsedTopology parsed =
      mesh::parse_topology(arguments.topology, {.system = arguments.system});
  if (arguments.json == "-" && arguments.dot == "-") {
    throw std::invalid_argument("[topo] --json - and --dot - would share stdout; name a file");
  }
  if (arguments.json != "-" && arguments.dot != "-") show(parsed, out);
  if (!arguments.json.empty()) {
    // Names come from files, which need not be UTF-8.
    constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
    write_text(arguments.json, facts_json(parsed.topology).dump(2, ' ', false, kReplace) + "\n",
               out);
  }
  if (!arguments.dot.empty()) write_text(arguments.dot, mesh::dot(parsed.topology), out);
  if (!arguments.svg.empty()) write_svg(mesh::dot(parsed.topology), arguments.svg);
  return 0;
}

int topo_convert(const TopoConvertArguments& arguments, std::ostream& out) {
  mesh::ParsedTopology parsed =
      mesh::parse_topology(arguments.topology, {.system = arguments.system});
  parsed.topology.name = std::filesystem::path(arguments.topology).stem().string();
  write_text(arguments.output, mesh::ttmesh_yaml(parsed.topology), out);
  return 0;
}

int topo_check(const TopoCheckArguments& arguments, std::ostream& out) {
  try {
    const mesh::ParsedTopology parsed =
        mesh::parse_topology(arguments.file, {.system = arguments.system});
    for (const mesh::Problem& warning : parsed.warnings) {
      out << "warning: " << to_string(warning) << "\n";
    }
    for (const mesh::Problem& problem : parsed.launch_problems) out << to_string(problem) << "\n";
    if (!parsed.launch_problems.empty()) return 1;
  } catch (const mesh::InvalidFile& error) {
    print(error, arguments.file, out);
    return 1;
  }
  out << arguments.file << ": valid\n";
  return 0;
}

void add_topo(CLI::App& app, int& exit_code) {
  CLI::App* topo = app.add_subcommand("topo", "Show and check topologies");
  topo->require_subcommand(1);
  constexpr const char* kTopology = "A topology file, or SYSTEM[:ROWSxCOLS[:line|ring]]";
  constexpr const char* kSystem = "System preset in place of the file's";

  const auto show_arguments = std::make_shared<TopoShowArguments>();
  CLI::App* show_command = topo->add_subcommand("show", "Draw a topology and state its facts");
  show_command->add_option("topology", show_arguments->topology, kTopology)->required();
  show_command->add_option("--system", show_arguments->system, kSystem);
  show_command->add_option("--json", show_arguments->json,
                           "Write the facts to a file, or - (stdout)");
  show_command->callback([show_arguments, &exit_code] {
    exit_code = exit_code_of(show_arguments->topology,
                             [&] { return topo_show(*show_arguments, std::cout); });
  });

  show_command->add_option("--dot", show_arguments->dot, "Write a graphviz graph to a file, or -");
  show_command->add_option("--svg", show_arguments->svg, "Draw the graph with graphviz to a file");

  const auto check_arguments = std::make_shared<TopoCheckArguments>();
  CLI::App* check_command = topo->add_subcommand("check", "List every problem of a topology file");
  check_command->add_option("file", check_arguments->file, "A topology file")->required();
  check_command->add_option("--system", check_arguments->system, kSystem);
  check_command->callback([check_arguments, &exit_code] {
    exit_code = exit_code_of(check_arguments->file,
                             [&] { return topo_check(*check_arguments, std::cout); });
  });

  const auto convert_arguments = std::make_shared<TopoConvertArguments>();
  CLI::App* convert_command =
      topo->add_subcommand("convert", "Write a topology in this project's own format");
  convert_command->add_option("topology", convert_arguments->topology, kTopology)->required();
  convert_command->add_option("--system", convert_arguments->system, kSystem);
  convert_command->add_option("-o,--output", convert_arguments->output, "A file, or - (stdout)");
  convert_command->callback([convert_arguments, &exit_code] {
    exit_code = exit_code_of(convert_arguments->topology,
                             [&] { return topo_convert(*convert_arguments, std::cout); });
  });
}

}  // namespace ttmesh::cli
