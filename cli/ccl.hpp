#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/machine_arguments.hpp"

namespace ttmesh::cli {

struct CclArguments {
  MachineArguments machine;
  std::vector<std::string> words;  ///< The command's arguments, for the record.
  std::string collective;
  std::optional<int> mesh_id;
  std::optional<int> cluster_axis;  ///< Unset: the only axis with several chips, or all chips.
  std::string topology;             ///< "ring", "linear"; empty: a ring where the lines are closed.
  std::optional<int> num_links;
  std::optional<std::string> algorithm;  ///< Unset: what tt-metal runs.
  std::optional<int> root;               ///< Of a broadcast: place in its group; 0 if unset.
  std::optional<int> from;               ///< Chip of the mesh that sends; 0 if unset.
  std::optional<int> to;                 ///< Chip of the mesh that receives; 1 if unset.
  std::string min_bytes = "32M";
  std::string max_bytes;  ///< Empty: `min_bytes`, or 32M if that is more.
  std::string step_bytes = "1M";
  std::optional<int> factor;
  int iterations = 20;
  int warm_ups = 1;
  int check = 1;
  std::string dtype = "f32";
  bool links = false;  ///< Print which links were how busy at the last size.
};

/// Times a collective at a range of sizes; prints a row for each as soon as it is there. Returns
/// the exit code: 1 if a value was wrong. Throws std::invalid_argument on misuse and mesh::Error if
/// the world fails.
int run_ccl(const CclArguments& arguments);

/// Adds `ccl`. `words` are the arguments of the command line. Running it leaves its exit code in
/// `exit_code`.
void add_ccl(CLI::App& app, const std::vector<std::string>& words, int& exit_code);

}  // namespace ttmesh::cli
