#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/joining.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::cli {

/// What every command that opens a machine takes.
struct MachineArguments {
  std::string topology;
  std::optional<std::string> system;
  std::string scenario;               ///< File of settings; empty: none.
  std::vector<std::string> settings;  ///< SELECTOR.FIELD=VALUE, applied after the scenario's.
  std::uint64_t seed = 0;
  int threads = 0;
  int hosts = 1;              ///< Taken before the command is parsed, see launch_of().
  std::string transport;      ///< Between hosts; empty: that of whoever started them.
  std::string rank_bindings;  ///< File that says which rank is which host; empty: in order.
  JoinArguments joining;      ///< Of hosts that are started by hand.
  bool timing_only = false;
  std::string trace;    ///< File for the timeline; empty writes none.
  std::string ops_csv;  ///< File for tt-metal's table of ops; empty writes none.
  std::string record;   ///< File for the commands, to be replayed; empty writes none.
  std::string json;     ///< File for the results, "-" for stdout; empty writes none.
};

/// Adds the options to a command.
void add_machine_options(CLI::App& command, MachineArguments& arguments);

/// Adds `--record` to a command whose commands can be replayed.
void add_record_option(CLI::App& command, MachineArguments& arguments);

/// The topology that was named. Throws as mesh::load_topology does.
[[nodiscard]] mesh::Topology topology_of(const MachineArguments& arguments);

/// Throws mesh::InvalidFile if the scenario, std::invalid_argument if a setting cannot be parsed.
[[nodiscard]] mesh::OpenOptions open_options_of(const MachineArguments& arguments);

}  // namespace ttmesh::cli
