#include "cli/topo.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "cli/topo_drawing.hpp"
#include "cli/topo_report.hpp"
#include "mesh/topology/dot.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/machine_mapping.hpp"
#include "mesh/topology/physical_machine.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"

namespace ttmesh::cli {
namespace {

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

mesh::LoadOptions load_options(const TopoLaunch& launch) {
  mesh::LoadOptions options{.system = launch.system};
  if (!launch.fabric_config.empty()) options.fabric_config = launch.fabric_config;
  return options;
}

/// Maps the topology onto the machine that was named, if any was.
TopologyPlacement place(const mesh::ParsedTopology& parsed, const TopoLaunch& launch) {
  if (launch.cluster.empty()) return {};
  TopologyPlacement placement{mesh::load_machine(launch.cluster), {}};
  placement.chips = mesh::map_onto_machine(parsed, placement.machine);
  return placement;
}

void add_launch_options(CLI::App& command, TopoLaunch& launch) {
  command.add_option("--system", launch.system, "System preset in place of the file's");
  command.add_option("--fabric-config", launch.fabric_config,
                     "FabricConfig of the launch, such as FABRIC_2D: may drop rings, not add them");
}

void add_cluster_option(CLI::App& command, TopoLaunch& launch) {
  command
      .add_option("--cluster", launch.cluster,
                  "Cluster descriptor of the machine to map onto, or a mapping of ranks to such; "
                  "repeat it for each host")
      ->allow_extra_args(false);
}

}  // namespace

int topo_show(const TopoShowArguments& arguments, std::ostream& out) {
  const mesh::ParsedTopology parsed =
      mesh::parse_topology(arguments.topology, load_options(arguments.launch));
  const TopologyPlacement placement = place(parsed, arguments.launch);
  if (arguments.json == "-" && arguments.dot == "-") {
    throw std::invalid_argument("[topo] --json - and --dot - would share stdout; name a file");
  }
  if (arguments.json != "-" && arguments.dot != "-") print_topology(parsed, placement, out);
  if (!arguments.json.empty()) {
    // Names come from files, which need not be UTF-8.
    constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
    const nlohmann::ordered_json json = topology_json(parsed.topology, placement);
    write_text(arguments.json, json.dump(2, ' ', false, kReplace) + "\n", out);
  }
  if (!arguments.dot.empty()) write_text(arguments.dot, mesh::dot(parsed.topology), out);
  if (!arguments.svg.empty()) write_svg(mesh::dot(parsed.topology), arguments.svg);
  return 0;
}

int topo_convert(const TopoConvertArguments& arguments, std::ostream& out) {
  mesh::ParsedTopology parsed =
      mesh::parse_topology(arguments.topology, load_options(arguments.launch));
  // A config that the topology cannot meet has changed nothing.
  if (!arguments.launch.fabric_config.empty() && !parsed.launch_problems.empty()) {
    throw mesh::InvalidFile(std::move(parsed.launch_problems));
  }
  parsed.topology.name = std::filesystem::path(arguments.topology).stem().string();
  write_text(arguments.output, mesh::ttmesh_yaml(parsed.topology), out);
  return 0;
}

int topo_check(const TopoCheckArguments& arguments, std::ostream& out) {
  try {
    const mesh::ParsedTopology parsed =
        mesh::parse_topology(arguments.file, load_options(arguments.launch));
    for (const mesh::Problem& warning : parsed.warnings) {
      out << "warning: " << to_string(warning) << "\n";
    }
    for (const mesh::Problem& problem : parsed.launch_problems) out << to_string(problem) << "\n";
    (void)place(parsed, arguments.launch);
    if (!parsed.launch_problems.empty()) return 1;
  } catch (const mesh::InvalidFile& error) {
    print(error, arguments.file, out);
    return 1;
  }
  out << arguments.file << ": valid";
  if (!arguments.launch.cluster.empty()) out << ", and fits the machine";
  out << "\n";
  return 0;
}

void add_topo(CLI::App& app, int& exit_code) {
  CLI::App* topo = app.add_subcommand("topo", "Show and check topologies");
  topo->require_subcommand(1);
  constexpr const char* kTopology = "A topology file, or SYSTEM[:ROWSxCOLS[:line|ring]]";

  const auto show_arguments = std::make_shared<TopoShowArguments>();
  CLI::App* show_command = topo->add_subcommand("show", "Draw a topology and state its facts");
  show_command->add_option("topology", show_arguments->topology, kTopology)->required();
  add_launch_options(*show_command, show_arguments->launch);
  add_cluster_option(*show_command, show_arguments->launch);
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
  add_launch_options(*check_command, check_arguments->launch);
  add_cluster_option(*check_command, check_arguments->launch);
  check_command->callback([check_arguments, &exit_code] {
    exit_code = exit_code_of(check_arguments->file,
                             [&] { return topo_check(*check_arguments, std::cout); });
  });

  const auto convert_arguments = std::make_shared<TopoConvertArguments>();
  CLI::App* convert_command =
      topo->add_subcommand("convert", "Write a topology in this project's own format");
  convert_command->add_option("topology", convert_arguments->topology, kTopology)->required();
  add_launch_options(*convert_command, convert_arguments->launch);
  convert_command->add_option("-o,--output", convert_arguments->output, "A file, or - (stdout)");
  convert_command->callback([convert_arguments, &exit_code] {
    exit_code = exit_code_of(convert_arguments->topology,
                             [&] { return topo_convert(*convert_arguments, std::cout); });
  });
}

}  // namespace ttmesh::cli
