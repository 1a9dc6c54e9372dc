#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mesh/transport/transport_kind.hpp"

namespace ttmesh::cli {

/// A command that several hosts run together.
struct Launch {
  int hosts = 1;
  mesh::TransportKind transport = mesh::TransportKind::Unix;  ///< Of sockets.
  std::vector<std::string> words;  ///< Of the command, without the program's name.
};

/// Runs the command once for each host, all on this machine. Rank 0's stdout passes untouched; what
/// the others print, and all stderr, goes to stderr with the rank in front. Returns the highest
/// exit code; a host that a signal ended counts as 3, and so does a signal that ends this process
/// (SIGINT, SIGTERM, SIGHUP). No process, socket or folder is left behind.
int launch(const Launch& launch);

/// `COMMAND --hosts N` as the launch of COMMAND; nothing if it asks for no more than this process.
/// Throws std::invalid_argument if N is no number of hosts.
[[nodiscard]] std::optional<Launch> launch_of(const std::vector<std::string>& words);

/// Adds `launch`, which runs the words after "--". Running it leaves its exit code in `exit_code`.
void add_launch(CLI::App& app, const std::vector<std::string>& words, int& exit_code);

}  // namespace ttmesh::cli
