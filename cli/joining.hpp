#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "mesh/actors/hosting.hpp"

namespace ttmesh::cli {

/// How hosts that are started by hand find each other: one of both sides listens, the other
/// connects.
struct JoinArguments {
  std::string listen;                ///< Where this host waits for the others; empty: nowhere.
  std::vector<std::string> connect;  ///< Where others wait for this one.
  std::string token_file;            ///< The secret of the run; empty: TTMESH_TOKEN, if it is set.
  int wait_seconds = 60;             ///< For the others to come.

  bool by_hand() const { return !listen.empty() || !connect.empty(); }
};

/// Adds the options to a command that rank 0 runs.
void add_join_options(CLI::App& command, JoinArguments& arguments);
/// `--token-file` and `--wait`, of both sides.
void add_token_options(CLI::App& command, JoinArguments& arguments, const char* group);

/// The place of rank 0 in a run whose other hosts are started by hand; `hosts` is what --hosts
/// says, 1 if nothing. Throws std::invalid_argument if the arguments contradict each other, or
/// there is no token.
[[nodiscard]] mesh::Hosting rank_0_by_hand(const JoinArguments& arguments, int hosts);

/// The secret that the arguments name. Throws std::invalid_argument if others than its owner may
/// read the file, or it is empty.
[[nodiscard]] std::string token_of(const JoinArguments& arguments);

/// Prints what the user of a host should know.
void note(const std::string& text);

}  // namespace ttmesh::cli
