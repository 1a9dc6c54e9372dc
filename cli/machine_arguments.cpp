#include "cli/machine_arguments.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "cli/hosting.hpp"
#include "cli/ranks.hpp"
#include "mesh/program/scenario.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/host_split.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/rank_bindings.hpp"
#include "sim/setting.hpp"

namespace ttmesh::cli {

void add_machine_options(CLI::App& command, MachineArguments& arguments) {
  constexpr const char* kMachine = "Machine";
  constexpr const char* kOutput = "Output";
  command
      .add_option("-t", arguments.topology,
                  "Topology file, or SYSTEM[:ROWSxCOLS[:line|ring]], as in tg or t3k:1x8:ring")
      ->required()
      ->envname("TT_MESH_GRAPH_DESC_PATH")
      ->type_name("TOPOLOGY")
      ->group(kMachine);
  command
      .add_option("--system", arguments.system,
                  "System preset for chips and links, whatever the file says")
      ->type_name("NAME")
      ->group(kMachine);
  command
      .add_option("--scenario", arguments.scenario,
                  "File of settings that perturb the machine: docs/scenarios.md")
      ->type_name("FILE")
      ->group(kMachine);
  command
      .add_option("--set", arguments.settings,
                  "Perturb the machine, after --scenario, may be repeated: SELECTOR.FIELD=VALUE, "
                  "as in link.latency=+2us, 'link(0-1).bandwidth=x0.5', 'link(wrap).down=true', "
                  "link.jitter=200ns, link.loss=1e-4, 'chip(5).slowdown=x2', "
                  "host.dispatch=untraced")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->group(kMachine);
  command
      .add_option("--seed", arguments.seed, "Seed of random weights and inputs, of jitter and loss")
      ->type_name("N")
      ->capture_default_str()
      ->group(kMachine);
  command
      .add_option("--threads", arguments.threads,
                  "Threads that run the chips; results do not depend on it; 0: one a processor")
      ->type_name("N")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(kMachine);
  command
      .add_option("--hosts", arguments.hosts,
                  "Processes that share the mesh; results do not depend on it: ttmesh launch")
      ->type_name("N")
      ->capture_default_str()
      ->group(kMachine);
  command
      .add_option("--transport", arguments.transport,
                  "What carries messages between hosts [that of whoever started them]")
      ->type_name("unix|tcp|mpi")
      ->check(CLI::IsMember({"unix", "tcp", "mpi"}))
      ->group(kMachine);
  add_join_options(command, arguments.joining);
  command
      .add_option("--rank-bindings", arguments.rank_bindings,
                  "File of tt-run that says which rank is which host of which mesh [in order]")
      ->type_name("FILE")
      ->group(kMachine);
  command
      .add_flag("--timing-only", arguments.timing_only,
                "No values, only virtual time; large models and systems run in little memory")
      ->group(kMachine);
  command
      .add_option("--trace", arguments.trace,
                  "Write the timeline in virtual microseconds, for ui.perfetto.dev")
      ->type_name("FILE")
      ->group(kOutput);
  command
      .add_option(
          "--ops-csv", arguments.ops_csv,
          "Write a row for each op on each chip, in the columns of tt-metal's profiler, for "
          "tt-perf-report")
      ->type_name("FILE")
      ->group(kOutput);
  command
      .add_option("-J,--json", arguments.json,
                  "Write the results as JSON; -: to stdout, which then carries nothing else")
      ->type_name("FILE")
      ->group(kOutput);
}

void add_record_option(CLI::App& command, MachineArguments& arguments) {
  command
      .add_option("--record", arguments.record,
                  "Write the commands that were measured and what they depend on, a JSON object a "
                  "line, for ttmesh replay")
      ->type_name("FILE")
      ->group("Output");
}

namespace {

/// The topology as the file divides it, checked even if this process emulates all of it.
mesh::Topology bound_topology(const mesh::Topology& topology, const std::string& file,
                              const std::optional<mesh::Hosting>& hosting) {
  const mesh::RankBindings bindings = mesh::load_rank_bindings(file);
  const int ranks = static_cast<int>(bindings.ranks.size());
  if (hosting && hosting->hosts != ranks) {
    throw std::invalid_argument(
        fmt::format("[--rank-bindings] {} binds {} ranks, but {} hosts run; start as many", file,
                    ranks, hosting->hosts));
  }
  mesh::Topology divided = mesh::split_over_hosts(topology, ranks);
  std::vector<mesh::Problem> problems = mesh::binding_problems(bindings, divided, file);
  if (!problems.empty()) throw mesh::InvalidFile(std::move(problems));
  return mesh::bind_ranks(std::move(divided), bindings);
}

/// tt-run tells a rank what it owns. Another division here would surprise.
void require_place(const mesh::Topology& topology, const mesh::Hosting& hosting) {
  if (hosting.transport != mesh::TransportKind::Mpi) return;
  const mesh::HostPlace place = mesh::place_of_rank(topology, hosting.rank);
  for (const auto& [name, own] : {std::pair("TT_MESH_ID", place.mesh_id),
                                  std::pair("TT_MESH_HOST_RANK", place.mesh_host_rank)}) {
    const char* text = std::getenv(name);
    if (text == nullptr || text == std::to_string(own)) continue;
    throw std::invalid_argument(
        fmt::format("[{}] rank {} is host {} of mesh {} here, but tt-run says {}={}; name its file "
                    "with --rank-bindings",
                    name, hosting.rank, place.mesh_host_rank, place.mesh_id, name, text));
  }
}

std::optional<mesh::Hosting> place_of(const MachineArguments& arguments) {
  if (!arguments.joining.by_hand()) return hosting_of(arguments.transport);
  if (arguments.transport == to_string(mesh::TransportKind::Mpi)) refuse_mpi();
  const JoinArguments& joining = arguments.joining;
  const std::string& address = joining.listen.empty() ? joining.connect.front() : joining.listen;
  if (!arguments.transport.empty() && arguments.transport != to_string(kind_of(address))) {
    throw std::invalid_argument(
        fmt::format("[--transport] {}, but the hosts meet at {}; leave the option out",
                    arguments.transport, address));
  }
  // The file says how many there are; the others learn from rank 0 what they own.
  const bool counted = arguments.hosts == 1 && !arguments.rank_bindings.empty();
  const int hosts =
      counted ? static_cast<int>(mesh::load_rank_bindings(arguments.rank_bindings).ranks.size())
              : arguments.hosts;
  return rank_0_by_hand(arguments.joining, hosts);
}

}  // namespace

mesh::Topology topology_of(const MachineArguments& arguments) {
  mesh::Topology topology = mesh::load_topology(arguments.topology, {.system = arguments.system});
  const std::optional<mesh::Hosting> hosting = place_of(arguments);
  if (!arguments.rank_bindings.empty()) {
    mesh::Topology bound = bound_topology(topology, arguments.rank_bindings, hosting);
    if (hosting) topology = std::move(bound);
  }
  if (!hosting) return topology;
  topology = mesh::split_over_hosts(std::move(topology), hosting->hosts);
  require_place(topology, *hosting);
  return topology;
}

mesh::OpenOptions open_options_of(const MachineArguments& arguments) {
  mesh::OpenOptions options{.threads = arguments.threads,
                            .timing_only = arguments.timing_only,
                            .mesh_id = {},
                            .settings = {},
                            .seed = arguments.seed,
                            .hosting = place_of(arguments)};
  if (!arguments.scenario.empty()) {
    options.settings = mesh::load_scenario(arguments.scenario).settings;
  }
  for (const std::string& text : arguments.settings) {
    options.settings.push_back(sim::parse_setting(text));
  }
  return options;
}

}  // namespace ttmesh::cli
